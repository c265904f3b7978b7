#!/usr/bin/env bash
# make release: the programs as they are handed out, and their SHA-256. The same commit, toolchain and kind of machine give
# the same bytes, wherever the checkout lies: paths are replaced, times are the commit's, versions are those of the lock files.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

# shellcheck source=lib/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

cd "$root"
[ -z "$(git status --porcelain)" ] || die "工作目录有未提交的改动：发布的是一个提交。" \
  "there are changes that are not committed; a release is of a commit."
check_rust
has cc || install_packages gcc libc6-dev
use_node
rm -rf "$ui/dist" # nothing of an older commit
build_pages

SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
cargo_home=${CARGO_HOME:-$HOME/.cargo}
# Flags apart by the unit separator, as cargo wants them: a path may have spaces.
printf -v CARGO_ENCODED_RUSTFLAGS -- '--remap-path-prefix=%s=/rollcall\x1f--remap-path-prefix=%s=/cargo' \
  "$root" "$cargo_home"
export CARGO_ENCODED_RUSTFLAGS
# The same for what is C, in ring and in mimalloc.
export CFLAGS="'-ffile-prefix-map=$root=/rollcall' '-ffile-prefix-map=$cargo_home=/cargo'" CC_SHELL_ESCAPED_FLAGS=1
# Whatever kind of machine somebody else builds for by default: this one.
unset CARGO_BUILD_TARGET
say "编译发布版（约十分钟）" "building the release (about ten minutes)"
cargo build --locked --profile dist --target-dir target/release-of-commit \
  -p rollcall-server --bin rollcall -p rollcall-simulator --bin simulator

say "提交 $(git rev-parse HEAD)，$(rustc --version)，$(uname -m)" "the commit, the compiler, the machine"
(cd target/release-of-commit/dist && sha256sum rollcall simulator)
