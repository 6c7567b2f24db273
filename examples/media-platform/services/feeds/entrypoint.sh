#!/bin/sh
# The volume belongs to root when it is new.
set -e
if [ "$(id -u)" = 0 ]; then
    mkdir -p "${FEED_DIR:-/srv/feeds}"
    chown -R feeds:feeds "${FEED_DIR:-/srv/feeds}"
    exec su-exec feeds "$@"
fi
exec "$@"
