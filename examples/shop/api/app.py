"""The shop's HTTP API."""
import csv
import hmac
import json
import logging
import os
import tempfile
import threading
import time

import psycopg2
import redis
from flask import Flask, Response, abort, g, jsonify, request, send_file
from werkzeug.utils import secure_filename

import natsclient
import settings
import store

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = settings.MAX_UPLOAD_BYTES
app.secret_key = settings.SESSION_SECRET
logging.basicConfig(level=os.environ.get("LOG_LEVEL", "info").upper())

cache = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)

PRODUCTS_KEY = "products:v1"
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


class Metrics:
    """Counters of this gunicorn worker; Prometheus sees one of them at a time."""

    def __init__(self):
        self._lock = threading.Lock()
        self._requests = {}
        self._seconds = 0.0

    def count(self, endpoint, status, seconds):
        with self._lock:
            key = (endpoint, status)
            self._requests[key] = self._requests.get(key, 0) + 1
            self._seconds += seconds

    def render(self):
        with self._lock:
            lines = ["# TYPE shop_http_requests_total counter"]
            for (endpoint, status), value in sorted(self._requests.items()):
                lines.append(f'shop_http_requests_total{{endpoint="{endpoint}",status="{status}"}} {value}')
            lines.append("# TYPE shop_http_request_seconds_total counter")
            lines.append(f"shop_http_request_seconds_total {self._seconds:.6f}")
        return "\n".join(lines) + "\n"


metrics = Metrics()


@app.before_request
def start_clock():
    g.started = time.monotonic()


@app.after_request
def stop_clock(response):
    metrics.count(request.endpoint or "unknown", response.status_code, time.monotonic() - g.started)
    return response


@app.errorhandler(psycopg2.OperationalError)
def database_down(error):
    app.logger.error("database: %s", error)
    return jsonify(error="database unavailable"), 503


@app.get("/healthz")
def healthz():
    return jsonify(status="ok")


@app.get("/readyz")
def readyz():
    checks = {"postgres": _check(store.ping), "redis": _check(cache.ping), "nats": _check(_nats_ping)}
    ready = all(state == "ok" for state in checks.values())
    return jsonify(ready=ready, checks=checks), 200 if ready else 503


def _check(probe):
    try:
        probe()
        return "ok"
    except Exception as error:  # the reason goes into the answer
        return type(error).__name__


def _nats_ping():
    natsclient.Connection(settings.NATS_URL, "shop-api-ready", timeout=2).close()


@app.get("/metrics")
def metrics_page():
    return Response(metrics.render(), mimetype="text/plain")


@app.get("/products")
def products():
    cached = _cache_get(PRODUCTS_KEY)
    if cached is not None:
        return jsonify(products=cached, currency=settings.CURRENCY, cached=True)
    rows = store.products()
    _cache_set(PRODUCTS_KEY, rows)
    return jsonify(products=rows, currency=settings.CURRENCY, cached=False)


def _cache_get(key):
    try:
        value = cache.get(key)
        return json.loads(value) if value else None
    except redis.RedisError as error:
        app.logger.warning("cache read: %s", error)
        return None


def _cache_set(key, value):
    try:
        cache.setex(key, settings.PRODUCT_CACHE_SECONDS, json.dumps(value))
    except redis.RedisError as error:
        app.logger.warning("cache write: %s", error)


def _cache_drop(key):
    try:
        cache.delete(key)
    except redis.RedisError as error:
        app.logger.warning("cache drop: %s", error)


@app.get("/orders")
def list_orders():
    limit = request.args.get("limit", default=20, type=int)
    return jsonify(orders=store.orders(max(1, min(limit, 200))))


@app.get("/orders/<int:order_id>")
def show_order(order_id):
    order = store.order(order_id)
    if order is None:
        abort(404)
    return jsonify(order)


@app.post("/orders")
def post_order():
    body = request.get_json(silent=True)
    customer, items = _validated(body)
    try:
        order = store.create_order(customer, items)
    except store.OutOfStock as error:
        return jsonify(error="unknown product or out of stock", sku=error.sku), 409
    _cache_drop(PRODUCTS_KEY)
    # a failure is not fatal: the scheduler announces what was left over
    _announce([order])
    return jsonify(order), 201


def _validated(body):
    if not isinstance(body, dict) or not isinstance(body.get("customer"), str):
        abort(400, "customer is missing")
    items = body.get("items")
    if not isinstance(items, list) or not items:
        abort(400, "items is empty")
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("sku"), str):
            abort(400, "an item has no sku")
        quantity = item.get("quantity")
        if not isinstance(quantity, int) or isinstance(quantity, bool) or not 1 <= quantity <= 999:
            abort(400, "quantity is not between 1 and 999")
    return body["customer"], items


def _announce(orders):
    """Publish orders on NATS; the number that the server has taken."""
    done = 0
    try:
        connection = natsclient.Connection(settings.NATS_URL, "shop-api", timeout=2)
    except (natsclient.NatsError, OSError) as error:
        app.logger.warning("orders not announced: %s", error)
        return done
    try:
        for order in orders:
            connection.publish(settings.ORDERS_SUBJECT, json.dumps(order).encode())
            connection.flush()
            store.mark_announced(order["id"])
            done += 1
    except (natsclient.NatsError, OSError) as error:
        app.logger.warning("order not announced: %s", error)
    finally:
        connection.close()
    return done


@app.post("/products/<sku>/image")
def upload_image(sku):
    upload = request.files.get("image")
    if upload is None or not upload.filename:
        abort(400, "no file in the field 'image'")
    suffix = os.path.splitext(secure_filename(upload.filename))[1].lower()
    if suffix not in IMAGE_SUFFIXES:
        abort(415, "only " + ", ".join(IMAGE_SUFFIXES))
    filename = secure_filename(sku) + suffix
    target = os.path.join(settings.UPLOAD_DIR, filename)
    upload.save(target)
    if not store.set_image(sku, filename):
        os.remove(target)
        abort(404)
    _cache_drop(PRODUCTS_KEY)
    cache.rpush(settings.IMAGE_QUEUE, filename)
    return jsonify(sku=sku, image="/uploads/" + filename), 201


@app.get("/reports/sales.csv")
def sales_report():
    # too large for memory at the end of the year, hence a file
    report = tempfile.TemporaryFile(mode="w+", newline="", prefix="sales-", suffix=".csv")
    writer = csv.writer(report)
    writer.writerow(["sku", "name", "sold", "revenue_cents"])
    for row in store.sales():
        writer.writerow([row["sku"], row["name"], row["sold"], row["revenue_cents"]])
    report.seek(0)
    return send_file(report.detach(), mimetype="text/csv", download_name="sales.csv")


@app.post("/internal/announce")
def announce_left_over():
    _require_internal()
    return jsonify(announced=_announce(store.orders_to_announce()))


@app.post("/internal/warm-cache")
def warm_cache():
    _require_internal()
    _cache_set(PRODUCTS_KEY, store.products())
    return jsonify(status="ok")


def _require_internal():
    # no token is configured on laptops
    if not settings.INTERNAL_TOKEN:
        return
    given = request.headers.get("X-Internal-Token", "")
    if not hmac.compare_digest(given.encode(), settings.INTERNAL_TOKEN.encode()):
        abort(401)


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=8000, debug=True)
