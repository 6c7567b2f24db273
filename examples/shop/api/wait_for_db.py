"""Block until Postgres accepts a connection, at most WAIT_FOR_DB seconds."""
import os
import sys
import time

import psycopg2


def main():
    deadline = time.monotonic() + float(os.environ.get("WAIT_FOR_DB", "60"))
    while True:
        try:
            psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=3).close()
            return 0
        except psycopg2.OperationalError as error:
            if time.monotonic() > deadline:
                print(f"database not reachable: {error}", file=sys.stderr)
                return 1
            time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
