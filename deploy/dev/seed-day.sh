#!/usr/bin/env bash
# make seed-day DAY=2020-03-04: loads the demo school's health reports of a day. Needs `make run` beside it.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

# shellcheck source=lib/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

day=${1:-}
[[ $day =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] || die "请写明日期：make seed-day DAY=2020-03-04" "say which day: make seed-day DAY=2020-03-04"
if take_lock run || [ ! -f "$config" ]; then
  die "请先在另一个终端运行 make run，等它就绪。" "start make run in another terminal first, and wait until it is ready."
fi

reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
given=()
[ ! -e "$own/roster" ] || given=(--roster "$own/roster")
"$simulator" reports --school "$school" "${given[@]}" --day "$day" --out "$reports/reports.csv"
"$rollcall" --config "$config" import-reports --form health-daily --day "$day" "$reports/reports.csv"
say "已载入 $day 的健康日报，见 $server_url/admin/" "the health reports of $day are loaded; see $server_url/admin/"
