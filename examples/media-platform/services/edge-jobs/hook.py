"""Receives webhooks, forwards them to Loki, and serves the archive index."""
import os
import pathlib
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

LOKI = os.environ.get("LOKI_URL", "http://loki:3100")
INDEX = pathlib.Path(os.environ.get("STATE_DIR", "/var/lib/edge-jobs")) / "index.json"
LARGEST = 65536


def forward(text):
    line = [str(time.time_ns()), text]
    body = {"streams": [{"stream": {"job": "webhooks"}, "values": [line]}]}
    requests.post(f"{LOKI}/loki/api/v1/push", json=body, timeout=5).raise_for_status()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/index.json" and INDEX.exists():
            self.answer(200, INDEX.read_bytes())
        else:
            self.answer(404, b"")

    def do_POST(self):
        size = min(int(self.headers.get("Content-Length") or 0), LARGEST)
        text = self.rfile.read(size).decode(errors="replace")
        try:
            forward(text)
            self.answer(204, b"")
        except requests.RequestException as error:
            self.answer(502, str(error).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("0.0.0.0", 8300), Handler).serve_forever()
