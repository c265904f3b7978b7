#!/usr/bin/env bash
# make reproduce: builds the release of this commit twice, in two clones at different places, and compares the bytes. Twenty
# minutes and eight gigabytes.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

# shellcheck source=lib/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

cd "$root"
# Not /tmp, which is memory on some machines.
folder=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
trap 'rm -rf "$folder"' EXIT
commit=$(git rev-parse HEAD)
for place in one a/longer/way/to/another; do
  git clone --quiet "$root" "$folder/$place"
  git -C "$folder/$place" checkout --quiet "$commit"
  (cd "$folder/$place" && deploy/dev/release.sh)
  (cd "$folder/$place/target/release-of-commit/dist" && sha256sum rollcall simulator) >>"$folder/sums"
  rm -rf "${folder:?}/$place"
done
say "提交 $commit 的两次构建" "two builds of commit $commit"
sort -k 2 "$folder/sums"
[ "$(sort -u "$folder/sums" | wc -l)" = 2 ] || die "两次的字节不同。" "the two differ."
note "两次的字节相同" "the bytes are the same"
