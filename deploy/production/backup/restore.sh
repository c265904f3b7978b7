#!/usr/bin/env bash
# Restores Rollcall's Postgres from its pgBackRest repository, onto a machine that has the packages, /etc/pgbackrest.conf and
# Postgres's configuration, and nothing else: docs/BACKUP.md. Run as root, or as the user that Postgres runs as.
#
#   restore.sh                                   the latest there is
#   restore.sh --to '2026-03-04 07:30:00+08'     as it was at that moment, with its zone
#   --drill             does not archive: for a rehearsal on another machine while the real one runs
#   --start COMMAND     how Postgres is started; otherwise Debian's pg_ctlcluster
#
# A running cluster is not touched, and files that are there are put aside, never deleted.
set -euo pipefail

config=${PGBACKREST_CONFIG:-/etc/pgbackrest.conf}
target=()
drill=()
start=

say() { printf '==> %s · %s\n' "$1" "$2"; }
die() {
  printf '错误：%s\nerror: %s\n' "$1" "$2" >&2
  exit 1
}

# Everything that touches Postgres's files is done as its user.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid=postgres --regid=postgres --init-groups env -C / "$@"
  else
    "$@"
  fi
}

setting() { sed -n "s/^ *pg1-$1 *= *//p" "$config" | tail -n 1; } # NAME

read_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      --to) check_moment "${2:-}" && target=(--type=time "--target=$2" --target-action=promote) && shift ;;
      --drill) drill=(--archive-mode=off) ;;
      --start) start=${2:?} && shift ;;
      *) die "不认识的参数：$1。用法见本文件开头。" "unknown argument $1; see the head of this file." ;;
    esac
    shift
  done
}

# Without a zone it would be the machine's, which on a bare one may be any.
check_moment() { # TEXT
  [[ $1 =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}\ [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?[+-][0-9]{2}(:?[0-9]{2})?$ ]] ||
    die "--to 后面要写带时区的时刻，例如 '2026-03-04 07:30:00+08'。" \
      "--to wants a moment with its zone, such as '2026-03-04 07:30:00+08'."
}

# The process whose id stands in its files, if it is a Postgres that lives. An id may be another process's by now.
running() {
  local postmaster
  postmaster=$(as_postgres head -n 1 "$data/postmaster.pid" 2>/dev/null) || return 1
  [ "$(cat "/proc/$postmaster/comm" 2>/dev/null)" = postgres ]
}

check_ground() {
  command -v pgbackrest >/dev/null ||
    die "没有安装 pgbackrest：apt-get install pgbackrest" "pgbackrest is not installed: apt-get install pgbackrest"
  [ -r "$config" ] || die "读不到 $config：先放回保管的那一份。" "$config can't be read: put the kept copy back first."
  data=$(setting path)
  [ -n "$data" ] || die "$config 里没有 pg1-path。" "$config has no pg1-path."
  as_postgres pgbackrest --stanza=rollcall --output=json info | grep -q '"type":"full"' ||
    die "备份库里没有完整备份：检查 repo1-path 是否已挂载、口令是否正确。" \
      "the repository has no full backup: is repo1-path mounted, and the passphrase right?"
  ! running ||
    die "$data 的 Postgres 正在运行，不覆盖。确实要恢复就先停止它：systemctl stop postgresql" \
      "the Postgres of $data is running and is not overwritten. To restore all the same, stop it: systemctl stop postgresql"
}

make_room() {
  local aside
  if [ -n "$(as_postgres ls -A "$data" 2>/dev/null)" ]; then
    aside=$data.before-$(date +%Y%m%d-%H%M%S)
    say "原有文件移到 $aside；恢复无误后再自行删除" "the files that are there go to $aside; delete them when all is well"
    as_postgres mv -T "$data" "$aside"
  fi
  as_postgres install -d -m 700 "$data"
}

start_postgres() {
  local version cluster
  if [ -n "$start" ]; then
    bash -c "$start"
  else
    # As Debian names them: /var/lib/postgresql/VERSION/CLUSTER.
    version=$(basename "$(dirname "$data")") cluster=$(basename "$data")
    pg_ctlcluster "$version" "$cluster" start
  fi
}

primary() {
  [ "$(as_postgres psql -X -At -h "$(setting socket-path)" -p "$(setting port)" -U "$(setting user)" -d postgres \
    -c 'select not pg_is_in_recovery()' 2>/dev/null)" = t ]
}

wait_for_postgres() {
  until primary; do
    running || die "Postgres 没有起来，原因见它的日志。" "Postgres did not come up; its log says why."
    sleep 0.5
  done
}

main() {
  read_arguments "$@"
  check_ground
  say "恢复到 $data" "restoring to $data"
  make_room
  say "取回并解密文件" "fetching and decrypting the files"
  as_postgres pgbackrest --stanza=rollcall "${target[@]}" "${drill[@]}" restore
  say "启动 Postgres，重放归档的日志" "starting Postgres, which replays the archived log"
  # It may give up waiting while a long log is replayed; Postgres goes on, and whether it lives is looked at below.
  start_postgres || true
  wait_for_postgres
  say "数据库已恢复，用时 $SECONDS 秒。接着：清空 Redis，启动 rollcall，运行 rollcall doctor" \
    "the database is back after $SECONDS s. Next: empty Redis, start rollcall, run rollcall doctor"
}

main "$@"
