#!/usr/bin/env bash
# A quick look whether the shop works, from the outside. Stops at the first thing that does not.
#   scripts/smoke.sh [http://localhost:8080]
set -euo pipefail

base=${1:-http://localhost:8080}

step() {
    echo "== $1"
    shift
    curl -fsS --max-time 10 "$@"
    echo
}

picture=$(mktemp --suffix=.png)
trap 'rm -f "$picture"' EXIT
head -c 700000 /dev/urandom > "$picture"

step ready   "$base/readyz"
step catalog -o /dev/null "$base/products"
step order   -H 'content-type: application/json' \
    -d '{"customer": "smoke test", "items": [{"sku": "gate-latch", "quantity": 2}]}' "$base/orders"
step upload  -F "image=@$picture" "$base/products/gate-latch/image"
step picture -o /dev/null "$base/uploads/gate-latch.png"
step report  "$base/reports/sales.csv"
