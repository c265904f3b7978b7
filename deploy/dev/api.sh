#!/usr/bin/env bash
# make api: writes docs/openapi.json anew from the server's code, and the pages' types from it.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

# shellcheck source=lib/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

cd "$root"
check_rust
use_node
install_npm_packages "$ui"
document=$(cargo run --quiet --locked -p rollcall-server --bin rollcall -- openapi)
printf '%s\n' "$document" >docs/openapi.json
cd "$ui" && npm run --silent api
