#!/bin/sh
# Wait for the database before the first worker forks: depends_on only helps
# at the first start, not after a reboot of the host.
set -eu

python3 wait_for_db.py

exec "$@"
