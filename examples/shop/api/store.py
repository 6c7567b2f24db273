"""Everything that talks to Postgres."""
from contextlib import contextmanager

import psycopg2
import psycopg2.extras
from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from psycopg2.pool import ThreadedConnectionPool

import settings

_pool = None


class OutOfStock(Exception):
    def __init__(self, sku):
        super().__init__(sku)
        self.sku = sku


def _connections():
    # made on first use, so that each gunicorn worker has its own
    global _pool
    if _pool is None:
        _pool = ThreadedConnectionPool(1, 8, settings.DATABASE_URL, connect_timeout=3)
    return _pool


def _live_connection(pool):
    # connections from before a restart of Postgres look fine until they are used
    while True:
        connection = pool.getconn()
        if connection.get_transaction_status() != TRANSACTION_STATUS_IDLE:
            pool.putconn(connection, close=True)
            continue
        try:
            with connection.cursor() as cur:
                cur.execute("SELECT 1")
            connection.rollback()
            return connection
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            pool.putconn(connection, close=True)


@contextmanager
def cursor():
    pool = _connections()
    connection = _live_connection(pool)
    broken = False
    try:
        with connection:
            with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cur:
                yield cur
    except (psycopg2.OperationalError, psycopg2.InterfaceError):
        broken = True
        raise
    finally:
        pool.putconn(connection, close=broken)


def ping():
    with cursor() as cur:
        cur.execute("SELECT 1")


def products():
    with cursor() as cur:
        cur.execute("SELECT sku, name, price_cents, stock, image FROM products ORDER BY sku")
        return [dict(row) for row in cur.fetchall()]


def set_image(sku, filename):
    with cursor() as cur:
        cur.execute("UPDATE products SET image = %s WHERE sku = %s", (filename, sku))
        return cur.rowcount == 1


def create_order(customer, items):
    with cursor() as cur:
        cur.execute("INSERT INTO orders (customer) VALUES (%s) RETURNING id", (customer,))
        order_id = cur.fetchone()["id"]
        # sorted, so that two orders lock the same products in the same order
        for item in sorted(items, key=lambda item: item["sku"]):
            cur.execute(
                "UPDATE products SET stock = stock - %s WHERE sku = %s AND stock >= %s RETURNING price_cents",
                (item["quantity"], item["sku"], item["quantity"]),
            )
            row = cur.fetchone()
            if row is None:
                raise OutOfStock(item["sku"])
            cur.execute(
                "INSERT INTO order_items (order_id, sku, quantity, price_cents) VALUES (%s, %s, %s, %s)",
                (order_id, item["sku"], item["quantity"], row["price_cents"]),
            )
    return order(order_id)


_ORDER = """
    SELECT o.id, o.customer, o.created_at, o.announced_at,
           json_agg(json_build_object('sku', i.sku, 'quantity', i.quantity, 'price_cents', i.price_cents)
                    ORDER BY i.sku) AS items,
           sum(i.quantity * i.price_cents)::int AS total_cents
      FROM orders o JOIN order_items i ON i.order_id = o.id
"""


def _plain(row):
    result = dict(row)
    result["created_at"] = row["created_at"].isoformat()
    announced = row["announced_at"]
    result["announced_at"] = announced.isoformat() if announced else None
    return result


def order(order_id):
    with cursor() as cur:
        cur.execute(_ORDER + " WHERE o.id = %s GROUP BY o.id", (order_id,))
        row = cur.fetchone()
        return _plain(row) if row else None


def orders(limit):
    with cursor() as cur:
        cur.execute(_ORDER + " GROUP BY o.id ORDER BY o.id DESC LIMIT %s", (limit,))
        return [_plain(row) for row in cur.fetchall()]


def orders_to_announce(limit=50):
    with cursor() as cur:
        cur.execute(
            _ORDER + " WHERE o.announced_at IS NULL GROUP BY o.id ORDER BY o.id LIMIT %s",
            (limit,),
        )
        return [_plain(row) for row in cur.fetchall()]


def mark_announced(order_id):
    with cursor() as cur:
        cur.execute("UPDATE orders SET announced_at = now() WHERE id = %s", (order_id,))


def sales():
    with cursor() as cur:
        cur.execute(
            """SELECT p.sku, p.name, coalesce(sum(i.quantity), 0)::int AS sold,
                      coalesce(sum(i.quantity * i.price_cents), 0)::int AS revenue_cents
                 FROM products p LEFT JOIN order_items i ON i.sku = p.sku
                GROUP BY p.sku, p.name ORDER BY p.sku"""
        )
        return cur.fetchall()
