#!/usr/bin/env bash
# Says how old the last backup is and how far the log is archived. Fails when a backup is older than 26 hours, or when
# Postgres does not archive. Run as the user postgres.
set -euo pipefail

config=${PGBACKREST_CONFIG:-/etc/pgbackrest.conf}
most_backup=$((26 * 3600)) # one a day, and as long as it takes
most_waiting=300           # a segment that has been waiting so long does not go

trouble=0

setting() { sed -n "s/^ *pg1-$1 *= *//p" "$config" | tail -n 1; } # NAME

# SECONDS in words, Chinese and English; empty: never.
ago() {
  if [ -z "$1" ]; then echo "从未 · never"; return; fi
  if [ "$1" -lt 120 ]; then echo "$1 秒前 · $1 s ago"; return; fi
  if [ "$1" -lt 7200 ]; then echo "$(($1 / 60)) 分钟前 · $(($1 / 60)) min ago"; return; fi
  echo "$(($1 / 3600)) 小时前 · $(($1 / 3600)) h ago"
}

# WELL is 1 for a figure as it should be.
line() { # WELL CHINESE ENGLISH WHAT_IS
  local mark=✓
  [ "$1" = 1 ] || { mark=✗ && trouble=1; }
  printf '%s %s · %s：%s\n' "$mark" "$2" "$3" "$4"
}

# One row: seconds since the last backup, since the last archived segment and since the oldest that waits; archive_mode;
# whether the last try to archive failed. Postgres reads what pgBackRest says of itself.
figures() {
  psql -X -q -At -F ' ' -v ON_ERROR_STOP=1 -P null=- \
    -h "$(setting socket-path)" -p "$(setting port)" -U "$(setting user)" -d postgres <<'SQL'
\set info `pgbackrest --stanza=rollcall --output=json info`
select (select extract(epoch from now() - to_timestamp(max((backup -> 'timestamp' ->> 'stop')::bigint)))::bigint
          from json_array_elements(:'info'::json -> 0 -> 'backup') backup),
       extract(epoch from now() - last_archived_time)::bigint,
       (select extract(epoch from now() - min(modification))::bigint
          from pg_ls_archive_statusdir() where name like '%.ready'),
       current_setting('archive_mode'),
       coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false)
  from pg_stat_archiver;
SQL
}

main() {
  local row backup archived waiting mode failing
  row=$(figures) || {
    printf '错误：问不到 Postgres 或 pgBackRest。\nerror: Postgres or pgBackRest does not answer.\n' >&2
    exit 1
  }
  read -r backup archived waiting mode failing <<<"$row"
  backup=${backup#-} archived=${archived#-} waiting=${waiting#-}
  line "$((${backup:-$most_backup} < most_backup))" "最近一次备份" "last backup" "$(ago "$backup")"
  line "$([ "$mode" = off ] || echo 1)" "归档" "archiving" "archive_mode = $mode"
  line "$([ "$failing" = t ] || echo 1)" "最近归档的日志" "last archived log" "$(ago "$archived")"
  # Where nothing is written nothing is archived either: what counts is what waits.
  line "$((${waiting:-0} < most_waiting))" "等待归档的最早一段" "oldest that waits to be archived" "${waiting:-0} s"
  return "$trouble"
}

main "$@"
