"""Watches the inbox folder: probe, upload to the object store, register with the API."""
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import time

import boto3
import requests

INBOX = pathlib.Path(os.environ.get("WATCH_DIR", "/inbox"))
DONE = INBOX / ".done"
ALIVE = pathlib.Path("/tmp/ingest.alive")
PROBE = shlex.split(os.environ.get("PROBE_COMMAND", "ffprobe -v error -print_format json -show_format"))
API = os.environ.get("INTERNAL_API", "http://api:8000")
SETTLED_SECONDS = 20

store = boto3.client(
    "s3",
    endpoint_url=os.environ["S3_ENDPOINT"],
    aws_access_key_id=os.environ["S3_ACCESS_KEY"],
    aws_secret_access_key=os.environ["S3_SECRET_KEY"],
)


def settled(path):
    # editors copy large files slowly
    return path.is_file() and time.time() - path.stat().st_mtime > SETTLED_SECONDS


def duration(path):
    probe = subprocess.run([*PROBE, str(path)], capture_output=True, text=True, timeout=120)
    if probe.returncode != 0:
        return None
    return float(json.loads(probe.stdout).get("format", {}).get("duration", 0)) or None


def checksum(path):
    digest = hashlib.sha1()
    with path.open("rb") as source:
        while block := source.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def take(path):
    key = f"{checksum(path)}{path.suffix.lower()}"
    store.upload_file(str(path), os.environ.get("S3_BUCKET", "masters"), key)
    asset = {"title": path.stem, "object_key": key, "seconds": duration(path)}
    requests.post(f"{API}/assets", json=asset, timeout=10).raise_for_status()
    path.rename(DONE / path.name)
    print("took", path.name, "as", key)


def main():
    DONE.mkdir(exist_ok=True)
    while True:
        ALIVE.touch()
        for path in sorted(INBOX.iterdir()):
            if settled(path):
                try:
                    take(path)
                except (OSError, requests.RequestException) as error:
                    print("later:", path.name, error)
        time.sleep(10)


if __name__ == "__main__":
    main()
