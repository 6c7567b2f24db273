import os

bind = "0.0.0.0:8000"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
# The heartbeat file on a disk made workers time out on the old server.
worker_tmp_dir = "/dev/shm"
accesslog = "-"
loglevel = os.environ.get("LOG_LEVEL", "info")
