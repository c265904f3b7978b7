#!/usr/bin/env bash
# make run: all of Rollcall on this machine, against the WeCom simulator, until Ctrl-C.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib/all.sh
. "$here/lib/all.sh"

main() {
  [ -z "${ROLLCALL_ROSTER:-}" ] || ROLLCALL_ROSTER=$(realpath "$ROLLCALL_ROSTER")
  cd "$root"
  take_lock run || die "这个目录里已有一个 make run 在运行。" "make run is already running in this checkout."
  trap finish EXIT
  trap 'exit 0' INT TERM HUP
  check_ports
  touch "$state/running"

  prepare_machine run
  step build_pages
  step build_programs
  make_data_root data
  take_roster
  [ "$(school_loaded)" = "$(school_wanted)" ] || forget_school
  start_databases
  write_config
  "$rollcall" --config "$config" migrate
  start_simulator
  load_school_once
  load_demo
  start_server
  announce
  watch_over
}

finish() {
  trap '' INT TERM HUP
  [ ${#started[@]} -eq 0 ] || say "正在停止" "stopping"
  stop_all
  rm -f "$state/running"
}

# A run that was killed leaves its mark; its parts get the death signal and need a moment to end.
check_ports() {
  local variable tries
  for variable in "${!ports[@]}"; do
    for ((tries = 0; tries < 300; tries++)); do
      port_taken "${ports[$variable]}" || continue 2
      [ -e "$state/running" ] || break
      [ "$tries" != 5 ] || note "等上一次被强行结束的 make run 收尾" "waiting for what a killed make run left to end"
      sleep 0.1
    done
    die "端口 ${ports[$variable]} 已被占用。用环境变量 $variable 换一个，例如：$variable=18000 make run" \
      "port ${ports[$variable]} is taken. Choose another with $variable, for example: $variable=18000 make run"
  done
}

build_programs() {
  say "编译服务（两核电脑首次约六分钟，以后几秒）" "building the server (about six minutes the first time on two cores, then seconds)"
  cargo build --release --locked -p rollcall-server -p rollcall-simulator
}

start_databases() {
  start_postgres "${ports[ROLLCALL_POSTGRES_PORT]}"
  make_roles "${ports[ROLLCALL_POSTGRES_PORT]}" ""
  make_database "${ports[ROLLCALL_POSTGRES_PORT]}" rollcall
  start_redis "${ports[ROLLCALL_REDIS_PORT]}"
}

# Written at every start: ports may have changed. The template says what each line means.
write_config() {
  local text
  text=$(<"$here/rollcall.toml")
  text=${text//@server_url@/"$server_url"}
  text=${text//@simulator_url@/"$simulator_url"}
  text=${text//@school_name@/"$(school_name)"}
  text=${text//@port@/"${ports[ROLLCALL_PORT]}"}
  text=${text//@metrics_port@/"${ports[ROLLCALL_METRICS_PORT]}"}
  text=${text//@database_url@/"$(postgres_url rollcall_app "${ports[ROLLCALL_POSTGRES_PORT]}" rollcall)"}
  text=${text//@owner_url@/"$(postgres_url rollcall_owner "${ports[ROLLCALL_POSTGRES_PORT]}" rollcall)"}
  text=${text//@redis_url@/"$(redis_url "${ports[ROLLCALL_REDIS_PORT]}")"}
  secret sealing-key >/dev/null
  text=${text//@sealing_key_file@/"$state/secrets/sealing-key"}
  install -d -m 700 "$data_root/keys"
  text=${text//@key_dir@/"$data_root/keys"}
  (umask 077 && printf '%s\n' "$text" >"$config")
}

start_simulator() {
  local given=()
  [ ! -e "$own/roster" ] || given=(--roster "$own/roster" --name "$(school_name)")
  start simulator TERM "$simulator" serve --school "$school" --own-folder "$own" "${given[@]}" \
    --listen "127.0.0.1:${ports[ROLLCALL_SIMULATOR_PORT]}" --app-url "$server_url"
  wait_until_ready simulator 30 answers ROLLCALL_SIMULATOR_PORT /
}

# A roster of the visitor's own school: ROLLCALL_ROSTER=file.xlsx make run. It is copied to .rollcall/ and stays there
# until it is forgotten on the simulator's page.
take_roster() {
  rm -f "$own/changed" "$own/loading"
  [ -n "${ROLLCALL_ROSTER:-}" ] || return 0
  [ -r "$ROLLCALL_ROSTER" ] || die "打不开名册 $ROLLCALL_ROSTER。" "can't read the roster $ROLLCALL_ROSTER."
  rm -rf "$own"
  install -d -m 700 "$own"
  (umask 077 && cat "$ROLLCALL_ROSTER" >"$own/roster" && printf '%s' "${ROLLCALL_SCHOOL_NAME:-我的学校}" >"$own/name")
  if ! (umask 077 && "$simulator" roster --school "$school" --roster "$own/roster" --name "$(school_name)" --out "$own"); then
    rm -rf "$own"
    die "这份名册用不了，见上面的说明。" "this roster can't be used; see above."
  fi
}

school_name() {
  if [ -e "$own/roster" ]; then tr -d '"\\\n' <"$own/name"; else echo 青禾工程技术学院; fi
}

# Which school is wanted, and which the database has: the demo school, or a roster by its digest.
school_wanted() {
  if [ -e "$own/roster" ]; then cat "$own/roster" "$own/name" | sha256sum | cut -c1-64; else echo demo; fi
}
school_loaded() {
  local mark=$data_root/school-loaded
  # The mark was empty while there was but the demo school; without one, nothing is there to be forgotten.
  if [ -s "$mark" ]; then cat "$mark"; elif [ -e "$mark" ]; then echo demo; else school_wanted; fi
}

# The database with all its files: nothing of a school that was is left on the disk.
forget_school() {
  rm -rf "$data_root/postgres" "$data_root/keys" "$data_root/school-loaded" "$data_root/demo-loaded"
}

# A school's organisation comes from (simulated) WeCom, its roster from files. The mark stands with the database, so
# that it goes with it.
load_school_once() {
  local mark=$data_root/school-loaded roster=$state/roster
  [ ! -e "$mark" ] || return 0
  say "首次同步$(school_name)并导入花名册" "syncing the school for the first time, and importing its roster"
  if [ -e "$own/roster" ]; then roster=$own; else "$simulator" roster --school "$school" --out "$roster"; fi
  if ! "$rollcall" --config "$config" sync ||
    ! "$rollcall" --config "$config" import --people "$roster/people.csv" --grants "$roster/grants.csv"; then
    rm -rf "$own"
    die "学校没有载入成功。您的名册（如果有）已删除；再运行 make run 回到示例学校。" \
      "the school could not be loaded. Your roster, if any, is deleted; make run starts with the demo school."
  fi
  school_wanted >"$mark"
}

# Thirty days of reports up to this morning: what a demonstration shows. Loaded once; what is there already stays.
load_demo() {
  local mark=$data_root/demo-loaded today reports=$state/demo given=() file name day
  [ -n "${ROLLCALL_DEMO:-}" ] && [ ! -e "$mark" ] || return 0
  today=$(TZ=Asia/Shanghai date +%F)
  say "载入三十天的示例数据（约两分钟）" "loading thirty days of sample data (about two minutes)"
  [ ! -e "$own/roster" ] || given=(--roster "$own/roster")
  "$simulator" demo --school "$school" "${given[@]}" --until "$today" --out "$reports"
  for file in "$reports"/*.csv; do
    name=$(basename "$file" .csv) day=$today
    case $name in health-daily-*) day=${name#health-daily-} name=health-daily ;; esac
    "$rollcall" --config "$config" import-reports --form "$name" --day "$day" "$file"
  done
  rm -rf "$reports"
  : >"$mark"
}

# A roster was dropped on the simulator's page, or is to be forgotten: all but the simulator begins anew.
switch_school() {
  mv "$own/changed" "$own/loading"
  say "换成：$(school_name)" "changing the school"
  stop_parts rollcall redis postgres
  forget_school
  start_databases
  write_config
  "$rollcall" --config "$config" migrate
  load_school_once
  start_server
  rm -f "$own/loading"
  [ -e "$own/roster" ] || rm -rf "$own"
  say "就绪：$(school_name)" "ready"
}

start_server() {
  start rollcall TERM "$rollcall" --config "$config" serve
  wait_until_ready rollcall 60 answers ROLLCALL_PORT /readyz
}

answers() { # PORT_VARIABLE PATH
  [ "$(http_status "${ports[$1]}" "$2")" = 200 ]
}

announce() {
  cat <<TEXT

Rollcall 已就绪 (ready): server $server_url  simulator $simulator_url

  从这里开始 · start here    $simulator_url  选一个人，打开工作台里的"点名" · choose a person, open Rollcall on the workbench
  您自己的学校 · your own     在同一页拖入花名册 · drop a roster on the same page
  管理后台 · admin pages     $server_url/admin/
  示例数据 · sample data     make seed-day DAY=2020-03-04
  日志 · logs                .rollcall/log/
  停止 · stop                Ctrl-C
TEXT
}

# Until a part ends by itself, or Ctrl-C.
watch_over() {
  local name
  while :; do
    [ ! -e "$own/changed" ] || switch_school
    for name in "${started[@]}"; do
      alive "$name" || part_failed "$name" "$name 意外退出，其余部分随之停止。" "$name ended by itself; the rest is stopped too."
    done
    sleep 0.5
  done
}

main
