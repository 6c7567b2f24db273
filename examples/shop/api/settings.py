import os

DATABASE_URL = os.environ["DATABASE_URL"]
REDIS_URL = os.environ.get("REDIS_URL", "redis://redis:6379/0")
NATS_URL = os.environ.get("NATS_URL", "nats://nats:4222")
ORDERS_SUBJECT = os.environ.get("ORDERS_SUBJECT", "orders.created")
IMAGE_QUEUE = os.environ.get("IMAGE_QUEUE", "image-jobs")

SESSION_SECRET = os.environ.get("SESSION_SECRET", "dev")
INTERNAL_TOKEN = os.environ.get("INTERNAL_TOKEN", "")

UPLOAD_DIR = os.environ.get("UPLOAD_DIR", "/app/uploads")
MAX_UPLOAD_BYTES = int(os.environ.get("MAX_UPLOAD_MB", "8")) * 1024 * 1024
PRODUCT_CACHE_SECONDS = int(os.environ.get("PRODUCT_CACHE_SECONDS", "30"))
CURRENCY = os.environ.get("CURRENCY", "EUR")
