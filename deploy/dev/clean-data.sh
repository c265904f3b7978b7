#!/usr/bin/env bash
# make clean-data: forget everything `make run` stored: databases, a roster of your own, secrets, configuration, logs.
# What was built or installed stays.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

# shellcheck source=lib/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

take_lock run || die "make run 正在运行，请先停止它（Ctrl-C）。" "make run is running; stop it first (Ctrl-C)."
rm -rf "$state/data" "$(distant_data_root data)" "$state/secrets" "$state/roster" "$own" "$state/log" "$config"
say "已清除，下次 make run 从头开始" "cleared: the next make run starts over"
