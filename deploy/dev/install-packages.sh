#!/usr/bin/env bash
# Installs Debian packages, as root, without starting a server of the machine's own:
# no Postgres cluster is made, no Redis service started or enabled. What was there before stays as it is.
set -euo pipefail

undo=()
trap 'rm -f "${undo[@]}"' EXIT

# A temporary answer "no" when packages ask whether they may start these services.
# A machine that has its own answer keeps it.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  undo+=("$policy")
  cat >$policy <<'SH'
#!/bin/sh
case "$1" in redis-server | postgresql* | nginx) exit 101 ;; esac
SH
  chmod 755 $policy
fi

# The same for the cluster "main" that postgresql makes when it is first installed.
clusters=/etc/postgresql-common/createcluster.d
mkdir -p $clusters
undo+=("$clusters/rollcall.conf")
echo 'create_main_cluster = false' >$clusters/rollcall.conf

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "$@"

case " $* " in *' redis-server '*) update-rc.d redis-server disable >/dev/null 2>&1 || true ;; esac
