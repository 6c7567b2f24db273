"""Turns announced orders into invoices and checks uploaded images."""
import hashlib
import json
import logging
import os
import signal
import sys
import threading
import time

import redis

import metrics
import natsclient
from invoices import write_invoice

NATS_URL = os.getenv("NATS_URL", "nats://nats:4222")
REDIS_URL = os.getenv("REDIS_URL", "redis://redis:6379/0")
ORDERS_SUBJECT = os.getenv("ORDERS_SUBJECT", "orders.created")
IMAGE_QUEUE = os.getenv("IMAGE_QUEUE", "image-jobs")
INVOICE_DIR = os.getenv("INVOICE_DIR", "/data/invoices")
UPLOAD_DIR = os.getenv("UPLOAD_DIR", "/uploads")
METRICS_PORT = int(os.getenv("METRICS_PORT", "9100"))

# how long an order stays known, so that a second announcement is skipped
SEEN_SECONDS = 7 * 24 * 3600

log = logging.getLogger("worker")


class Worker:
    def __init__(self):
        self.stopping = threading.Event()
        self.connected = threading.Event()
        self.store = redis.Redis.from_url(REDIS_URL, socket_timeout=10, socket_connect_timeout=3)
        self.counters = metrics.Counters(
            "shop_invoices_total",
            "shop_invoices_duplicate_total",
            "shop_invoices_failed_total",
            "shop_images_total",
        )

    def consume_orders(self):
        while not self.stopping.is_set():
            try:
                self._consume_until_disconnected()
            except (natsclient.NatsError, OSError) as error:
                log.warning("nats: %s; again in 2 s", error)
            self.connected.clear()
            self.stopping.wait(2)

    def _consume_until_disconnected(self):
        connection = natsclient.Connection(NATS_URL, "shop-worker")
        try:
            connection.subscribe(ORDERS_SUBJECT, queue="invoices")
            connection.flush()
            self.connected.set()
            log.info("listening on %s", ORDERS_SUBJECT)
            while not self.stopping.is_set():
                message = connection.next_message(timeout=1.0)
                if message is not None:
                    self.handle_order(message.data)
        finally:
            connection.close()

    def handle_order(self, data):
        try:
            order = json.loads(data)
            key = f"invoiced:{order['id']}"
            if not self.store.set(key, int(time.time()), nx=True, ex=SEEN_SECONDS):
                self.counters.add("shop_invoices_duplicate_total")
                return
            try:
                path = write_invoice(INVOICE_DIR, order)
            except OSError:
                # give the next announcement another chance
                self.store.delete(key)
                raise
            self.counters.add("shop_invoices_total")
            log.info("wrote %s", path)
        except (ValueError, KeyError, TypeError, OSError, redis.RedisError):
            self.counters.add("shop_invoices_failed_total")
            log.exception("order not invoiced")

    def consume_images(self):
        while not self.stopping.is_set():
            try:
                job = self.store.blpop(IMAGE_QUEUE, timeout=2)
                if job is not None:
                    self.handle_image(job[1].decode())
            except (redis.RedisError, OSError) as error:
                log.warning("image queue: %s", error)
                self.stopping.wait(2)

    def handle_image(self, filename):
        digest = hashlib.sha256()
        with open(os.path.join(UPLOAD_DIR, os.path.basename(filename)), "rb") as image:
            for block in iter(lambda: image.read(65536), b""):
                digest.update(block)
        self.store.hset("image-digests", filename, digest.hexdigest())
        self.counters.add("shop_images_total")

    def run(self):
        os.makedirs(INVOICE_DIR, exist_ok=True)
        metrics.serve(METRICS_PORT, self.counters, self.connected.is_set)
        images = threading.Thread(target=self.consume_images, name="images")
        images.start()
        self.consume_orders()
        images.join()


def main():
    logging.basicConfig(
        stream=sys.stdout,
        level=os.getenv("LOG_LEVEL", "info").upper(),
        format="%(asctime)s %(levelname)s %(threadName)s %(message)s",
    )
    worker = Worker()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stopping.set())
    worker.run()


if __name__ == "__main__":
    main()
