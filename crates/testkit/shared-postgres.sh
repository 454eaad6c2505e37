#!/bin/sh
# Starts one PostgreSQL for all tests of a run, and names its folder to them. Called by cargo-nextest
# (.config/nextest.toml), whose end is the server's end. What a single test process starts for itself
# is in src/postgres.rs.
set -eu

programs=""
for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V); do programs="$folder"; done
[ -n "$programs" ] || programs="$(dirname "$(command -v postgres || echo /none/postgres)")"
if [ ! -x "$programs/initdb" ]; then
    echo "PostgreSQL 15 or newer was not found; install its server package (apt-get install postgresql)" >&2
    exit 1
fi

folder="$(mktemp -d "${TMPDIR:-/tmp}/chatters-pg-XXXXXX")"
chmod 755 "$folder"
as=""
if [ "$(id -u)" -eq 0 ]; then
    # PostgreSQL refuses to run as root.
    user=postgres
    id "$user" >/dev/null 2>&1 || user=nobody
    chown "$user" "$folder"
    as="setpriv --reuid=$user --regid=$(id -g "$user") --clear-groups"
fi
cd /
$as "$programs/initdb" --auth=trust --encoding=UTF8 --locale=C --no-sync --no-instructions \
    -U chatters -D "$folder/data" >/dev/null

runner=$PPID
(
    $as "$programs/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c max_connections=300 \
        -c shared_buffers=64MB -c fsync=on -c synchronous_commit=on >"$folder/log" 2>&1 &
    server=$!
    while kill -0 "$runner" 2>/dev/null; do sleep 1; done
    kill -QUIT "$server"
    wait "$server" || true
    rm -rf "$folder"
) </dev/null >/dev/null 2>&1 &

for _ in $(seq 600); do
    if "$programs/pg_isready" -q -h "$folder" -U chatters; then
        echo "CHATTERS_TEST_POSTGRES=$folder" >>"$NEXTEST_ENV"
        exit 0
    fi
    sleep 0.05
done
cat "$folder/log" >&2
exit 1
