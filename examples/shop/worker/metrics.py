"""Counters and a tiny HTTP server for Prometheus and the healthcheck."""
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Counters:
    def __init__(self, *names):
        self._lock = threading.Lock()
        self._values = dict.fromkeys(names, 0)

    def add(self, name):
        with self._lock:
            self._values[name] += 1

    def render(self):
        with self._lock:
            values = sorted(self._values.items())
        return "".join(f"# TYPE {name} counter\n{name} {value}\n" for name, value in values)


def serve(port, counters, healthy):
    """Serve /metrics and /healthz from a thread; `healthy` is asked on each call."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/metrics":
                self._answer(200, counters.render())
            elif self.path == "/healthz":
                ok = healthy()
                self._answer(200 if ok else 503, "ok\n" if ok else "not connected\n")
            else:
                self._answer(404, "not found\n")

        def _answer(self, status, text):
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("0.0.0.0", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True, name="metrics").start()
    return server
