"""A small NATS client: connect, publish, subscribe, over the text protocol.

The official client is asyncio only, and neither the API nor the worker is.
One connection belongs to one thread; nothing here takes a lock.
"""
import json
import socket
from urllib.parse import urlsplit


class NatsError(Exception):
    """The server refused something, or the connection is gone."""


class Message:
    __slots__ = ("subject", "reply", "data")

    def __init__(self, subject, reply, data):
        self.subject = subject
        self.reply = reply
        self.data = data


class Connection:
    def __init__(self, url, name, timeout=5.0):
        parts = urlsplit(url)
        address = (parts.hostname or "nats", parts.port or 4222)
        try:
            self._socket = socket.create_connection(address, timeout=timeout)
        except OSError as error:
            raise NatsError(f"cannot reach {address[0]}:{address[1]}: {error}") from error
        self._buffer = b""
        self._next_sid = 1
        greeting = self._read_line()
        if not greeting.startswith(b"INFO "):
            self.close()
            raise NatsError(f"unexpected greeting {greeting[:40]!r}")
        self.server_info = json.loads(greeting[5:])
        options = {"verbose": False, "pedantic": False, "name": name, "lang": "python", "version": "1"}
        if parts.username:
            options["user"] = parts.username
            options["pass"] = parts.password or ""
        self._send(b"CONNECT " + json.dumps(options).encode() + b"\r\n")
        self.flush()

    def publish(self, subject, data):
        self._send(f"PUB {subject} {len(data)}\r\n".encode() + data + b"\r\n")

    def subscribe(self, subject, queue=None):
        sid = self._next_sid
        self._next_sid += 1
        group = f" {queue}" if queue else ""
        self._send(f"SUB {subject}{group} {sid}\r\n".encode())
        return sid

    def flush(self):
        """Return once the server has handled everything sent so far."""
        self._send(b"PING\r\n")
        while True:
            line = self._read_line()
            if line == b"PONG":
                return
            self._control(line)

    def next_message(self, timeout):
        """The next message, or None when `timeout` seconds pass without one."""
        self._socket.settimeout(timeout)
        while True:
            try:
                line = self._read_line()
            except socket.timeout:
                return None
            if line.startswith(b"MSG "):
                return self._message(line)
            self._control(line)

    def close(self):
        self._socket.close()

    def _message(self, line):
        # MSG <subject> <sid> [reply-to] <bytes>
        fields = line.decode().split(" ")
        size = int(fields[-1])
        reply = fields[3] if len(fields) == 5 else None
        # the payload follows at once; do not let a short poll cut it in two
        self._socket.settimeout(5.0)
        payload = self._read_exactly(size + 2)
        return Message(fields[1], reply, payload[:size])

    def _control(self, line):
        if line == b"PING":
            self._send(b"PONG\r\n")
        elif line.startswith(b"-ERR"):
            raise NatsError(line.decode(errors="replace"))
        elif line in (b"PONG", b"+OK", b"") or line.startswith(b"INFO "):
            return
        else:
            raise NatsError(f"unexpected line {line[:80]!r}")

    def _send(self, data):
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise NatsError(f"send failed: {error}") from error

    def _read_line(self):
        while b"\r\n" not in self._buffer:
            self._fill()
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line

    def _read_exactly(self, size):
        while len(self._buffer) < size:
            self._fill()
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def _fill(self):
        try:
            chunk = self._socket.recv(65536)
        except socket.timeout:
            raise
        except OSError as error:
            raise NatsError(f"receive failed: {error}") from error
        if not chunk:
            raise NatsError("connection closed by the server")
        self._buffer += chunk
