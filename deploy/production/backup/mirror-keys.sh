#!/usr/bin/env bash
# Mirrors the directory of data keys: mirror-keys.sh /var/lib/rollcall/keys /mnt/keys-apart/rollcall. The copy is what the
# directory is now: a key that was destroyed goes from it too, and no older state is kept anywhere. That is what makes destroying a key
# true. The target is not where the database's backups are, and nothing may take snapshots of it. Run as root or as rollcall.
set -euo pipefail

die() { printf '%s\n%s\n' "$1" "$2" >&2; exit 1; } # CHINESE ENGLISH

[ $# -eq 2 ] || die "用法：$0 密钥目录 副本目录" "usage: $0 DIRECTORY COPY"
from=${1%/} to=${2%/}

[ -d "$from" ] || die "没有密钥目录 $from。" "there is no directory of keys $from."
[ -d "$to" ] || die "没有副本目录 $to：先挂载并建立它（install -d -m 700）。" "there is no $to: mount it and make it first (install -d -m 700)."

keys() { (cd "$1" && find . -name '*.json' | LC_ALL=C sort); }

# A directory without most of the copy's keys is a disk that is not mounted, another's, or broken, and no order to delete the copy:
# keys are destroyed by month and form.
kept=$(keys "$to" | wc -l)
gone=$(LC_ALL=C comm -13 <(keys "$from") <(keys "$to") | wc -l)
if [ $((gone * 2)) -gt "$kept" ]; then
  die "副本里的 $kept 把密钥，$from 里少了 $gone 把：没有动副本。密钥目录是否没有挂载、坏了，或不是原来的？确实都销毁了的，把副本目录清空再运行。" \
    "$gone of the copy's $kept keys are not in $from: the copy was left alone. Is the directory not mounted, broken, or another? If they were all destroyed, empty the copy and run this again."
fi

# Drafts and locks begin with a dot.
rsync --archive --delete --exclude='.*' "$from/" "$to/"
