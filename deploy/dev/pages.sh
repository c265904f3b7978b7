#!/usr/bin/env bash
# make pages: every page of ours in every state and both languages, in a real Chromium; pictures in target/screenshots/pages.
# ONLY= picks some by name. Takes minutes, so make test leaves it to the journeys.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

# shellcheck source=lib/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

cd "$root"
prepare_machine test
[ -n "${ROLLCALL_TEST_DATABASE_URL:-}" ] || start_test_services
build_pages
install_npm_packages "$root/tests/browser"
ROLLCALL_TEST_CHROMIUM=$(command -v chromium)
export ROLLCALL_TEST_CHROMIUM
cargo test --quiet --locked --workspace --lib -- --ignored --nocapture browser::pages
