#!/usr/bin/env bash
# make tour: a tour of the WeCom simulator in pictures, target/tour/, for somebody to look at.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

# shellcheck source=lib/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

cd "$root"
prepare_machine test
install_npm_packages "$root/tests/browser"
cargo build --quiet --locked -p rollcall-simulator
listen=127.0.0.1:${SIMULATOR_PORT:-8725}
trap stop_all EXIT
! curl -s -o "$state/clock" "http://$listen/" || die "端口已被占用：$listen，用 SIMULATOR_PORT 换一个。" "taken already: $listen; SIMULATOR_PORT= names another."
start simulator TERM target/debug/simulator serve --listen "$listen" --school fixtures/school-small.toml --app-url http://127.0.0.1:9
secret=$(sed -n '/^\[app\]/,/^\[/s/^secret = "\(.*\)"/\1/p' fixtures/school-small.toml)
corp=$(sed -n '/^\[corp\]/,/^\[/s/^id = "\(.*\)"/\1/p' fixtures/school-small.toml)
wait_until_ready simulator 30 curl -sf -o "$state/clock" "http://$listen/_sim/clock"
rm -rf target/tour
SIMULATOR_URL=http://$listen SCREENSHOTS=$root/target/tour CHROMIUM=$(command -v chromium) REQUESTS=$root/fixtures/wecom/requests \
  GETTOKEN="/cgi-bin/gettoken?corpid=$corp&corpsecret=$secret" node tests/browser/tour.mjs
