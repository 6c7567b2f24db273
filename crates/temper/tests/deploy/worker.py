"""Counts in redis, for ever."""

import os
import signal
import socket
import time

signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
while True:
    try:
        with socket.create_connection(("redis", 6379), timeout=2) as connection:
            connection.sendall(b"INCR count\r\n")
            connection.recv(64)
    except OSError:
        pass
    time.sleep(0.5)
