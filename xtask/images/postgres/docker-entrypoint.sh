#!/bin/bash
# Starts as root, prepares the data directory for postgres, goes on as postgres, fills an empty data directory, and runs
# the server. Reads POSTGRES_PASSWORD, _USER, _DB, _INITDB_ARGS (each also as NAME_FILE) and POSTGRES_HOST_AUTH_METHOD.
set -Eeuo pipefail

readonly scripts=/docker-entrypoint-initdb.d

# setting NAME DEFAULT: NAME, or what is in the file that NAME_FILE names.
setting() {
    local file_name="${1}_FILE"
    if [[ -n "${!1:-}" && -n "${!file_name:-}" ]]; then
        echo "entrypoint: set $1 or $file_name, not both" >&2
        return 1
    fi
    if [[ -n "${!file_name:-}" ]]; then
        cat "${!file_name}"
    else
        printf '%s' "${!1:-$2}"
    fi
}

# The data directory may be a new volume of root's; the socket's directory may be a new tmpfs of root's. Each is tried:
# whether it was enough is seen by what comes after.
prepare_directories() {
    local user=$1
    mkdir -p "$PGDATA"
    chmod 0700 "$PGDATA" || :
    mkdir -p /var/run/postgresql || :
    chmod 3775 /var/run/postgresql || :
    if [[ "$user" = 0 ]]; then
        find "$PGDATA" ! -user postgres -exec chown postgres '{}' +
        find /var/run/postgresql ! -user postgres -exec chown postgres '{}' +
    fi
}

# initdb asks for the name of its user. A uid that is not in /etc/passwd gets one for this call.
with_a_name() {
    if getent passwd "$(id -u)" >/dev/null; then
        "$@"
        return
    fi
    local passwd group wrapper
    wrapper=$(find /usr/lib -name libnss_wrapper.so | head -n 1)
    passwd=$(mktemp)
    group=$(mktemp)
    echo "postgres:x:$(id -u):$(id -g):PostgreSQL:$PGDATA:/bin/false" > "$passwd"
    echo "postgres:x:$(id -g):" > "$group"
    LD_PRELOAD="$wrapper" NSS_WRAPPER_PASSWD="$passwd" NSS_WRAPPER_GROUP="$group" "$@"
    rm -f "$passwd" "$group"
}

# Makes the cluster, the user and the database, and runs the scripts on a server that only the socket reaches.
initialise() {
    local user password database args method
    user=$(setting POSTGRES_USER postgres)
    password=$(setting POSTGRES_PASSWORD '')
    database=$(setting POSTGRES_DB "$user")
    args=$(setting POSTGRES_INITDB_ARGS '')
    method=${POSTGRES_HOST_AUTH_METHOD:-}
    if [[ -z "$password" && "$method" != trust ]]; then
        echo "entrypoint: POSTGRES_PASSWORD is not set, and the database would have no password" >&2
        return 1
    fi
    # POSTGRES_INITDB_ARGS is a list of words.
    # shellcheck disable=SC2086
    with_a_name initdb --username="$user" --pwfile=<(printf '%s\n' "$password") $args
    printf '\nhost all all all %s\n' "${method:-scram-sha-256}" >> "$PGDATA/pg_hba.conf"

    pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -p 5432" -w start
    export PGPASSWORD="$password"
    if [[ "$database" != postgres ]]; then
        psql -v ON_ERROR_STOP=1 --no-psqlrc -U "$user" -d postgres -v name="$database" <<< 'CREATE DATABASE :"name";'
    fi
    local script
    for script in "$scripts"/*; do
        case "$script" in
            *.sh) if [[ -x "$script" ]]; then "$script"; else . "$script"; fi ;;
            *.sql) psql -v ON_ERROR_STOP=1 --no-psqlrc -U "$user" -d "$database" -f "$script" ;;
            *.sql.gz) gunzip -c "$script" | psql -v ON_ERROR_STOP=1 --no-psqlrc -U "$user" -d "$database" ;;
        esac
    done
    unset PGPASSWORD
    pg_ctl -D "$PGDATA" -m fast -w stop
}

if [[ "${1:0:1}" = - ]]; then
    set -- postgres "$@"
fi
if [[ "${1:-}" = postgres ]]; then
    prepare_directories "$(id -u)"
    if [[ "$(id -u)" = 0 ]]; then
        exec gosu postgres "$0" "$@"
    fi
    if [[ ! -s "$PGDATA/PG_VERSION" ]]; then
        initialise
    fi
fi
exec "$@"
