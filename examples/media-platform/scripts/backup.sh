#!/usr/bin/env bash
# Nightly from the host's crontab: dump Postgres, keep two weeks.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=$(date +%Y%m%d)
docker compose exec -T postgres pg_dumpall -U lantern | gzip > "backups/all-$stamp.sql.gz.part"
mv "backups/all-$stamp.sql.gz.part" "backups/all-$stamp.sql.gz"
find backups -name 'all-*.sql.gz' -mtime +14 -delete
