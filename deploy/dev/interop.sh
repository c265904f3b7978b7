#!/usr/bin/env bash
# make interop: other people's WeCom libraries against ours. Tencent's @wecom/crypto and PyPI's wechatpy seal and open
# callbacks of every length from 0 to 5,000 bytes, both ways; Tencent's @wecom/jssdk takes our signatures in Chromium; wechatpy,
# as it is, calls the simulator.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

# shellcheck source=lib/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

most=5000
folder=$root/tests/interop
school=$root/fixtures/school-small.toml
python=$state/interop/bin/python

main() {
  cd "$root"
  trap stop_all EXIT
  prepare_machine test
  install_npm_packages "$folder"
  install_wechatpy
  cargo build --quiet --locked --release -p wecom --example callback_lines
  cargo build --quiet --locked --release -p rollcall-simulator
  both_ways "@wecom/crypto" node "$folder/crypto.mjs"
  both_ways wechatpy "$python" "$folder/crypto.py"
  signatures_in_a_browser
  call_simulator
}

# Tencent's @wecom/jssdk in Chromium, on a page of a running Rollcall, with our signatures.
signatures_in_a_browser() {
  build_pages
  [ -n "${ROLLCALL_TEST_DATABASE_URL:-}" ] || start_test_services
  ROLLCALL_TEST_CHROMIUM=$(command -v chromium) \
    cargo test --quiet --locked -p rollcall-tests tencents_sdk -- --ignored --nocapture | grep -v '^$'
}

install_wechatpy() {
  if [ "$python" -nt "$folder/requirements.txt" ]; then return; fi
  say "安装 wechatpy" "installing wechatpy"
  rm -rf "$state/interop"
  python3 -m venv "$state/interop"
  "$python" -m pip install --quiet --disable-pip-version-check -r "$folder/requirements.txt"
  touch "$python"
}

# What one seals the other opens, and the other way round.
both_ways() { # NAME COMMAND…
  local name=$1 ours=$root/target/release/examples/callback_lines
  shift
  local keys=(RollcallAppToken "$(of_school app encoding_aes_key)" "$(of_school corp id)" "$most")
  echo "$name opens ours: $("$ours" seal "${keys[@]}" | "$@" open "${keys[@]}") lengths"
  echo "ours opens $name: $("$@" seal "${keys[@]}" | "$ours" open "${keys[@]}") lengths"
}

of_school() { # SECTION KEY
  sed -n "/^\[$1\]/,/^\[/s/^$2 = \"\(.*\)\"/\1/p" "$school"
}

call_simulator() {
  local listen=127.0.0.1:${SIMULATOR_PORT:-8726}
  ! curl -s -o "$state/clock" "http://$listen/" || die "端口已被占用：$listen，用 SIMULATOR_PORT 换一个。" "taken already: $listen; SIMULATOR_PORT= names another."
  start simulator TERM target/release/simulator serve --listen "$listen" --school "$school" --app-url http://127.0.0.1:9
  wait_until_ready simulator 30 curl -sf -o "$state/clock" "http://$listen/_sim/clock"
  CORP=$(of_school corp id) SECRET=$(of_school app secret) CONTACTS_SECRET=$(of_school contacts secret) \
    SIMULATOR=http://$listen "$python" "$folder/simulator.py"
}

main
