#!/usr/bin/env bash
# make schema: writes crates/store/src/schema.rs anew from the migrations.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

# shellcheck source=lib/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

cd "$root"
prepare_machine schema
install_diesel
start_test_services
DATABASE_URL=$ROLLCALL_TEST_DATABASE_URL "$cargo_tools/diesel" migration run # writes where diesel.toml says
