import json
import os

DATABASE_URL = os.environ["DATABASE_URL"]
CACHE_URL = os.environ.get("CACHE_URL", "redis://valkey:6379/1")
AMQP_URL = os.environ["AMQP_URL"]
QUEUE_PREFIX = os.environ.get("QUEUE_PREFIX", "lantern")
QDRANT_URL = os.environ.get("QDRANT_URL", "http://qdrant:6333")
MEILI_URL = os.environ.get("MEILI_URL", "http://meilisearch:7700")
MEILI_KEY = os.environ.get("MEILI_KEY", "")
CLICKHOUSE_URL = os.environ.get("CLICKHOUSE_URL", "http://clickhouse:8123")
NOTIFIER_URL = os.environ.get("NOTIFIER_URL", "http://notifier:8200/events")
ADMIN_TOKEN = os.environ.get("API_ADMIN_TOKEN", "")
PROVIDERS = json.loads(os.environ.get("PROVIDERS", "{}"))
THUMB_DIR = os.environ.get("THUMB_DIR", "/srv/api/var/thumbs")
