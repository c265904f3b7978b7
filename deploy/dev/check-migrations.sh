#!/usr/bin/env bash
# Part of make test: every migration can be taken back and made again, to the same tables, and
# schema.rs is what they make. Needs DATABASE_URL of an empty database and diesel in PATH.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Without [print_schema]: diesel would write schema.rs after each step.
printf '[migrations_directory]\ndir = "%s/migrations"\n' "$PWD" >"$work/diesel.toml"
migrate() { DIESEL_CONFIG_FILE=$work/diesel.toml diesel migration "$@" >/dev/null; }
# What there is besides diesel's own table. pg_dump marks each dump with a random word.
dump() {
  pg_dump --schema-only --exclude-table=__diesel_schema_migrations "$DATABASE_URL" |
    grep -vE '^(--|\\(un)?restrict|$)'
}

dump >"$work/empty"
migrate run
dump >"$work/up"
migrate revert --all
dump >"$work/down"
diff -u "$work/empty" "$work/down" || { echo "down.sql leaves something behind" >&2; exit 1; }
migrate run
dump >"$work/again"

diff -u "$work/up" "$work/again" || { echo "up.sql makes something else the second time" >&2; exit 1; }
diesel print-schema | diff -u crates/store/src/schema.rs - ||
  { echo "schema.rs is not what the migrations make: run make schema" >&2; exit 1; }
