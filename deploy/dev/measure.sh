#!/usr/bin/env bash
# make bench, make chaos, make authz: experiments that measure. ONLY="S1 S3" picks some, without it all run.
# An experiment is a function below, named KIND_ID. It appends rows to $ROLLCALL_ROWS, a JSON object a line:
# {id, what, value, unit, yardstick, ratio, goal, pass}; lib/rows.mjs adds command, commit and time, keeps
# them in target/KIND/ID.json and prints the table. A row that does not pass fails the run.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

# shellcheck source=lib/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

# --- speed: value, yardstick of somebody else's, ratio ---

bench_S1() { # opening callbacks
  local folder=$root/tests/bench/wecom-crypto
  install_npm_packages "$folder"
  cargo bench --quiet --locked -p wecom --bench callback -- --node "$folder/bench.mjs"
}

bench_S2() { ignored_test chaos::s2::a_schools_morning; } # reports, the dashboard and the unreported lists: S2, S5 and S6

bench_S3() { ignored_test chaos::s3; } # the first sync of a large school, and those after it: S3 and S4

bench_S5() { ignored_test chaos::s2::a_province; } # the dashboard of one of thirty schools

bench_S7() { ignored_test chaos::s7; } # 50,000 reminders, grouped and each its own: ten minutes

bench_S8() { ignored_test chaos::s8; } # the roster of a large school as a workbook

bench_S9() { ignored_test chaos::s9; } # forty scans a second at the gates, for ten minutes

# --- nothing lost, nothing doubled ---

chaos_R1() { ignored_test chaos::r1::; } # the process that sends reminders is killed again and again
chaos_R2() { ignored_test chaos::reporting::reports_through_kills; } # the server is killed again and again
chaos_R3() { has nginx || install_packages nginx-light; ignored_test chaos::r3; } # restarts behind nginx
chaos_R4() { ignored_test chaos::reporting::without_postgres; }      # Postgres goes away
chaos_R5() { ignored_test chaos::reporting::redis_in_every_state; }  # Redis is whatever it can be
chaos_R6() { ignored_test chaos::r6; } # WeCom in trouble
chaos_R7() { ignored_test chaos::r7; } # hostile callbacks
chaos_R8() { ignored_test chaos::r8; } # repeated callbacks

chaos_R9() { ignored_test chaos::r9; } # 50,000 events of the directory: 10 minutes and more
chaos_R10() { ignored_test chaos::r10; } # WeCom answers nonsense
chaos_R11() { ignored_test chaos::reporting::over_midnight; } # the clock
chaos_R13() { in_backed_up_postgres chaos::r13; } # the database's files and the keys are gone and come back: HISTORY= so many reports
chaos_purge() { ignored_test chaos::purge; } # reports are taken while a large campaign is purged
chaos_flood() { ignored_test chaos::flood; } # ten thousand forged callbacks a second, and real ones among them
chaos_rotation() { has nginx || install_packages nginx-light; ignored_test chaos::rotation; } # every secret is changed under load
chaos_mirror() { ignored_test chaos::mirror; } # a million random changes
chaos_gate() { ignored_test chaos::gate; } # a million passages, told late and in any order

# --- nobody sees what is not theirs ---

authz_Z1() { tests_named authz::everybody_gets; }               # every role, every operation
authz_Z2() { ignored_test authz::a_million_pairs; }             # anybody, anything: PAIRS= as many
authz_Z3() { ignored_test authz::sabotage; }                     # two schools, without the application's own conditions
authz_Z4() { ignored_test chaos::z4; }                          # how long a right outlasts its end
authz_Z5() { # somebody else's tester, with the OpenAPI document, as everybody and nobody: EXAMPLES= an operation
  install_schemathesis
  ROLLCALL_SCHEMATHESIS=$root/target/schemathesis/bin/schemathesis ignored_test authz::schemathesis
}
authz_Z6() { ignored_test chaos::z6; }                           # ways back from WeCom: twice, late, another's
authz_Z7() { ignored_test authz::canaries; }                     # what is secret or sensitive, looked for everywhere
authz_Z8() { ignored_test chaos::z8; }                           # a dump without keys; keys changed while a school reports
authz_Z9() { ignored_test chaos::z9; }                           # the audit edited, cut, put together anew: MUTATIONS= as many
authz_Z10() { ignored_test chaos::z10; }                         # codes replayed, too late, forged, at two gates: FORGED= as many

# --- how they run ---

# One that is an ordinary test, too, as the experiments are run.
tests_named() { # PATH
  [ -n "${ROLLCALL_TEST_DATABASE_URL:-}" ] || start_test_services
  cargo test --quiet --release --locked -p rollcall-tests "$1" -- --nocapture --test-threads=1
}

# An experiment against the whole deployment is an ignored test of tests/src/chaos/, run by itself and optimised.
ignored_test() { # PATH
  [ -n "${ROLLCALL_TEST_DATABASE_URL:-}" ] || start_test_services
  cargo test --quiet --release --locked -p rollcall-tests "$1" -- --ignored --nocapture --test-threads=1
}

# The versions and bytes that tests/schemathesis/requirements.txt names, into a place of their own.
install_schemathesis() {
  local home=$root/target/schemathesis needed=$root/tests/schemathesis/requirements.txt
  has_python_venv || install_packages python3-venv
  cmp -s "$needed" "$home/installed" && return
  say "安装 schemathesis" "installing schemathesis"
  python3 -m venv --clear "$home"
  "$home/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$needed"
  cp "$needed" "$home/installed"
}

# One that loses a Postgres of its own, which archives into a repository; a subshell, so that it goes with it.
in_backed_up_postgres() ( # PATH
  cluster=$root/deploy/dev/backup-cluster.sh
  take_lock backup || die "这个目录里已有一个这样的实验在运行。" "such an experiment is already running in this checkout."
  has pgbackrest || install_packages pgbackrest
  has rsync || install_packages rsync
  trap '"$cluster" remove' EXIT
  trap 'exit 130' INT TERM HUP
  "$cluster" make || exit
  ROLLCALL_TEST_DATABASE_URL=$("$cluster" url) PGBACKREST_CONFIG=$("$cluster" config) ignored_test "$1"
)

main() {
  local kind=$1 picked id failed=() folder=$root/target/$1
  cd "$root"
  picked=${ONLY:-$(declare -F | sed -n "s/^declare -f ${kind}_//p")}
  for id in ${picked//,/ }; do
    declare -F "${kind}_$id" >/dev/null || die "make $kind 没有实验 $id。" "make $kind has no experiment $id."
  done
  prepare_machine run
  mkdir -p "$folder"
  export ROLLCALL_ROWS=$folder/rows
  for id in ${picked//,/ }; do
    say "实验 $id" "experiment $id"
    : >"$ROLLCALL_ROWS"
    "${kind}_$id" || failed+=("$id")
    node "$lib/rows.mjs" keep "$folder/$id.json" "$ROLLCALL_ROWS" "make $kind ONLY=$id"
  done
  rm -f "$ROLLCALL_ROWS"
  # shellcheck disable=SC2086 # a list of ids
  node "$lib/rows.mjs" table "$folder" ${picked//,/ } || failed+=("rows")
  [ ${#failed[@]} -eq 0 ] || die "未通过：${failed[*]}" "not passed: ${failed[*]}"
}

main "$@"
