#!/usr/bin/env bash
# make demo: make run, and thirty days of reports, so that every page has something to show.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

ROLLCALL_DEMO=1 exec "$(dirname "${BASH_SOURCE[0]}")/run.sh"
