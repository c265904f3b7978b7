#!/usr/bin/env bash
# A Postgres that archives into an encrypted repository, as docs/BACKUP.md sets one up, with production's configuration;
# for the experiment R13, which calls this once a verb: make, start, backup, lose, remove, url, config.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

# shellcheck source=lib/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

# Postgres and pgBackRest, and a role that may do what tests do. Whatever was there goes.
cluster_make() {
  local folder port
  cluster_remove
  make_data_root backup
  port=$(free_port 8752)
  echo "$port" >"$data_root/port"
  for folder in cluster etc log sockets repository spool lock; do make_service_dir "$data_root/$folder"; done
  make_cluster "$data_root/cluster/main"
  configure_postgres "$port"
  configure_pgbackrest "$port"
  cluster_start
  make_test_database "$port"
  pgbackrest_here stanza-create
  pgbackrest_here check
}

# Its configuration stands beside its files, as Debian has it: a restore brings the files alone.
configure_postgres() { # PORT
  local name
  for name in pg_hba.conf pg_ident.conf; do
    make_service_file "$data_root/etc/$name" <"$data_root/cluster/main/$name"
  done
  make_service_file "$data_root/etc/backup.conf" <"$root/deploy/production/backup/postgresql.conf"
  make_service_file "$data_root/etc/postgresql.conf" <<CONF
data_directory = '$data_root/cluster/main'
hba_file = '$data_root/etc/pg_hba.conf'
ident_file = '$data_root/etc/pg_ident.conf'
listen_addresses = '127.0.0.1'
port = $1
unix_socket_directories = '$data_root/sockets'
max_connections = 200
shared_buffers = '256MB'
max_wal_size = '4GB'
include 'backup.conf'
CONF
}

# Production's own file, at other places.
configure_pgbackrest() { # PORT
  sed -e "s|^repo1-path=.*|repo1-path=$data_root/repository|" \
    -e "s|^repo1-cipher-pass=.*|repo1-cipher-pass=$(secret backup-passphrase)|" \
    -e "s|^spool-path=.*|spool-path=$data_root/spool|" \
    -e "s|^pg1-path=.*|pg1-path=$data_root/cluster/main|" \
    -e "s|^pg1-port=.*|pg1-port=$1|" \
    -e "s|^pg1-socket-path=.*|pg1-socket-path=$data_root/sockets|" \
    -e "s|^\[global\]\$|&\nlog-path=$data_root/log\nlock-path=$data_root/lock|" \
    "$root/deploy/production/backup/pgbackrest.conf" | make_service_file "$data_root/etc/pgbackrest.conf"
}

pgbackrest_here() {
  PGBACKREST_CONFIG=$data_root/etc/pgbackrest.conf "${as_service[@]}" pgbackrest --stanza=rollcall "$@"
}

control() { # pg_ctl's ARGUMENTS…
  PGBACKREST_CONFIG=$data_root/etc/pgbackrest.conf "${as_service[@]}" "$postgres_bin/pg_ctl" \
    -s -w -t 3600 -D "$data_root/etc" "$@" </dev/null 9>&-
}

cluster_start() { control -l "$data_root/log/postgres.log" start; }

# Parts of the log that are finished and not archived yet.
waiting() {
  superuser_psql "$(cat "$data_root/port")" -d postgres -At \
    -c "select count(*) from pg_ls_archive_statusdir() where name like '%.ready'"
}

# A full one. What was loaded before is archived first: pgBackRest waits a minute for it and no longer.
cluster_backup() {
  while [ "$(waiting)" -gt 1 ] && [ "$SECONDS" -lt 3600 ]; do sleep 1; done
  pgbackrest_here --type=full backup
}

# Killed without a word, and every file gone. Its processes end when they see it, and may write until then.
cluster_lose() {
  kill -KILL "$(head -n 1 "$data_root/cluster/main/postmaster.pid")"
  until rm -rf "$data_root/cluster/main" 2>/dev/null; do sleep 0.1; done
}

cluster_remove() {
  [ ! -e "$data_root/cluster/main/postmaster.pid" ] || control -m immediate stop || true
  rm -rf "$data_root"
}

cluster_url() { postgres_url rollcall_owner "$(cat "$data_root/port")" rollcall_test; }
cluster_config() { echo "$data_root/etc/pgbackrest.conf"; }

main() {
  postgres_bin=$(find_postgres)
  choose_data_root backup
  declare -F "cluster_${1:-}" >/dev/null ||
    die "用法：$0 make|start|backup|lose|remove|url|config" "usage: $0 make|start|backup|lose|remove|url|config"
  "cluster_$1"
}

main "$@"
