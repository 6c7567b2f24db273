"""Calls the API's housekeeping endpoints every INTERVAL_SECONDS."""
import os
import time
import urllib.error
import urllib.request
from pathlib import Path

API_URL = os.environ.get("API_URL", "http://api:8000").rstrip("/")
INTERVAL = float(os.environ.get("INTERVAL_SECONDS", "15"))
TOKEN = os.environ.get("INTERNAL_TOKEN", "")
STATE_FILE = Path(os.environ.get("STATE_FILE", "/var/lib/scheduler/last-run"))

JOBS = ("/internal/announce", "/internal/warm-cache")


def call(path):
    request = urllib.request.Request(API_URL + path, data=b"", method="POST")
    if TOKEN:
        request.add_header("X-Internal-Token", TOKEN)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode().strip()


def round_of_jobs():
    """Run all jobs; True when every one of them worked."""
    good = True
    for path in JOBS:
        try:
            print(f"{path}: {call(path)}")
        except (urllib.error.URLError, OSError) as error:
            print(f"{path}: failed: {error}")
            good = False
    return good


def main():
    if STATE_FILE.exists():
        age = time.time() - STATE_FILE.stat().st_mtime
        print(f"last good round was {age:.0f} s ago")
    while True:
        if round_of_jobs():
            STATE_FILE.touch()
        time.sleep(INTERVAL)


if __name__ == "__main__":
    main()
