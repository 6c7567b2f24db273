#!/bin/sh
# Starts as root, gives the data directory to redis, and runs the server as redis.
set -eu

case "${1:-}" in
    -* | *.conf) set -- redis-server "$@" ;;
esac

if [ "${1:-}" = redis-server ] && [ "$(id -u)" = 0 ]; then
    find . ! -user redis -exec chown redis '{}' +
    exec gosu redis "$0" "$@"
fi

umask 0077
if [ "${1:-}" = redis-server ]; then
    # Upstream compiles protected mode off: in a container every client comes from another address. An argument of the
    # caller comes later and wins, but a configuration file has to stay first.
    shift
    case "${1:-}" in
        -h | --help | -v | --version) set -- redis-server "$@" ;;
        '' | -*) set -- redis-server --protected-mode no "$@" ;;
        *)
            file=$1
            shift
            set -- redis-server "$file" --protected-mode no "$@"
            ;;
    esac
fi
exec "$@"
