#!/usr/bin/env bash
# A private, throw-away PostgreSQL with PostGIS on a Unix socket, for tests.
#
#   infra/postgis_cluster.sh start    make and start it, and print its address
#   infra/postgis_cluster.sh url      print its address
#   infra/postgis_cluster.sh stop     stop it and remove its folder
#
# KHAN_POSTGIS_FOLDER says where it lives; two with different folders do not meet. Nothing in it
# is safe from a power cut (fsync is off). As root it runs in a user namespace, as the embedded
# server does: PostgreSQL refuses root, and no user needs to be made.
set -euo pipefail

folder=${KHAN_POSTGIS_FOLDER:-${TMPDIR:-/tmp}/khan-postgis-$(id -u)}
database=khan_postgis

fail() {
    echo "postgis_cluster.sh: $1" >&2
    exit "${2:-1}"
}

ordinary() {
    if [ "$(id -u)" = 0 ]; then
        unshare --user --map-user=1000 --map-group=1000 -- "$@"
    else
        "$@"
    fi
}

# The newest PostgreSQL that has PostGIS.
bin=$(for control in /usr/share/postgresql/*/extension/postgis.control; do
    [ -e "$control" ] && echo "/usr/lib/postgresql/$(echo "$control" | cut -d/ -f5)/bin"
done | sort -V | tail -1)

running() { [ -e "$folder/data/postmaster.pid" ] && ordinary "$bin/pg_ctl" -D "$folder/data" status >/dev/null 2>&1; }
sql() { "$bin/psql" -XqAt -v ON_ERROR_STOP=1 -h "$folder" -p 5432 -U postgres "$@"; }

start() {
    [ -n "$bin" ] || fail "no PostGIS is installed; as root: infra/install_postgis.sh"
    mkdir -p -m 0700 "$folder"
    [ -O "$folder" ] || fail "$folder belongs to somebody else"
    unset "${!PG@}"
    if [ ! -s "$folder/data/PG_VERSION" ]; then
        ordinary "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
            --no-sync >"$folder/initdb.log" 2>&1 || fail "initdb failed: $(tail -3 "$folder/initdb.log")"
    fi
    # A server whose files were upgraded under it refuses every new session: start it anew.
    if running && ! sql -d postgres -c 'SELECT 1' >/dev/null 2>&1; then
        ordinary "$bin/pg_ctl" -D "$folder/data" -m immediate -s stop
    fi
    running || ordinary "$bin/pg_ctl" -D "$folder/data" -w -s -l "$folder/server.log" -o "-c listen_addresses= \
        -c port=5432 -c unix_socket_directories='$folder' -c max_connections=50 \
        -c fsync=off -c synchronous_commit=off -c full_page_writes=off" start >&2 ||
        fail "the server did not start: $(tail -3 "$folder/server.log")"
    [ "$(sql -d postgres -c "SELECT 1 FROM pg_database WHERE datname = '$database'")" = 1 ] ||
        sql -d postgres -c "CREATE DATABASE $database"
    url
}

url() { echo "postgresql://postgres@/$database?host=$folder&port=5432"; }

stop() {
    if [ -n "$bin" ] && running; then
        ordinary "$bin/pg_ctl" -D "$folder/data" -m immediate -s stop
    fi
    # Only what start() made: never a folder that a mistyped variable names.
    if [ -s "$folder/data/PG_VERSION" ] && [ -O "$folder" ]; then
        rm -rf "$folder"
    fi
}

case "${1:-}" in
start | url | stop) "$1" ;;
*) fail "say start, url or stop" 2 ;;
esac
