"""A small HTTP server with what a test needs to break: writes on request and a look at its own name."""

import http.server
import os
import signal
import socket
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, body = 200, b"ok\n"
        if self.path == "/full":
            try:
                with open("/opt/x/report", "w") as report:
                    report.write("full\n")
                body = b"full\n"
            except OSError as error:
                print(f"report: {error}", file=sys.stderr, flush=True)
                status, body = 500, b"broken\n"
        elif self.path not in ("/", "/healthz"):
            status, body = 404, b"no\n"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def in_place():
    """True where the name of the service leads to this container: a clone of it has no name that others know."""
    try:
        return socket.gethostbyname("web") == socket.gethostbyname(socket.gethostname())
    except OSError:
        return False


def main():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    mode = os.environ.get("MODE", "")
    if mode == "registers" and in_place():
        with open("/opt/x/registered", "w") as file:
            file.write(socket.gethostname())
    if mode == "owned" and in_place():
        # The state belongs to the container that came first.
        path = "/state/owner"
        if not os.path.exists(path):
            with open(path, "w") as file:
                file.write(socket.gethostname())
        with open(path) as file:
            owner = file.read()
        if owner != socket.gethostname():
            sys.exit(f"the state belongs to {owner}")
    http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()


main()
