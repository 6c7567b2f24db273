#!/bin/sh
# Applies /sql/*.sql in order, each once.
set -eu

PGPASSWORD=$(cat /run/secrets/db_password)
export PGPASSWORD

psql -qv ON_ERROR_STOP=1 -c \
    'CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied timestamptz DEFAULT now())'

for file in /sql/*.sql; do
    name=$(basename "$file")
    if [ "$(psql -tAc "SELECT count(*) FROM migrations WHERE name = '$name'")" = 0 ]; then
        echo "applying $name"
        psql -qv ON_ERROR_STOP=1 --single-transaction -f "$file" \
            -c "INSERT INTO migrations (name) VALUES ('$name')"
    fi
done
