#!/bin/bash
# database.sh
# Runs PostgreSQL on port 5432 of the loopback as an unprivileged user, with its files below /run/database. It knows
# Alice and Bob, and accepts tickets for postgres/db.impersonate.test only.
set -eu

data=/run/database/data
programs=(/usr/lib/postgresql/*/bin)
user=(setpriv --reuid=65534 --regid=65534 --clear-groups env PATH="${programs[0]}:$PATH" LC_ALL=C.UTF-8)
mkdir -p /run/database/rcache
chown -R 65534:65534 /run/database
chown 65534 /run/keytabs/database

"${user[@]}" initdb --pgdata="$data" --username=admin --auth=reject --no-sync
cat >"$data/pg_hba.conf" <<'END'
local all admin trust
host all all 127.0.0.1/32 gss include_realm=0
END
settings=(
  -c listen_addresses=127.0.0.1 -c unix_socket_directories=/run/database -c fsync=off
  -c krb_server_keyfile=FILE:/run/keytabs/database
)
"${user[@]}" postgres --single -D "$data" postgres <<'END'
create role "imp-alice" login;
create role "imp-bob" login;
END
exec "${user[@]}" KRB5RCACHEDIR=/run/database/rcache postgres -D "$data" "${settings[@]}"
