# shellcheck shell=bash
# Sourced: starts parts, waits for them, and stops what it started and nothing else.

declare -A pids=()         # name → process id
declare -A stop_signals=() # name → signal that ends it in an orderly way
started=()                 # names in the order of their start
step_group=                # the process group of the step under way

start() { # NAME STOP_SIGNAL COMMAND…
  launch "$1" "$2" setpriv --pdeathsig "$2" "${@:3}"
}

start_as_service() { # NAME STOP_SIGNAL COMMAND…
  launch "$1" "$2" "${as_service[@]}" setpriv --pdeathsig "$2" "${@:3}"
}

# A long step that a signal to this script ends at once, with all it started: bash would otherwise
# wait for it before it acts on the signal. Its own process group takes the signal in stop_all.
step() { # COMMAND…
  local status=0
  set -m
  "$@" </dev/null &
  step_group=$!
  set +m
  wait "$step_group" || status=$?
  step_group=
  return "$status"
}

# A session of its own: the terminal's Ctrl-C reaches this script alone, which stops the parts in
# order. The parent-death signal: even SIGKILL on this script leaves nothing behind.
launch() { # NAME STOP_SIGNAL COMMAND…
  mkdir -p "$state/log"
  setsid "${@:3}" >"$state/log/$1.log" 2>&1 </dev/null 9>&- &
  pids[$1]=$!
  stop_signals[$1]=$2
  started+=("$1")
}

alive() { kill -0 "${pids[$1]}" 2>/dev/null; } # NAME

# Waits until a command succeeds; a part that died, or took too long, ends the script with its log.
wait_until_ready() { # NAME SECONDS COMMAND…
  local end=$((SECONDS + $2))
  until "${@:3}"; do
    alive "$1" || part_failed "$1" "$1 启动失败。" "$1 did not start."
    [ "$SECONDS" -lt "$end" ] || part_failed "$1" "$1 在 $2 秒内没有就绪。" "$1 was not ready within $2 seconds."
    sleep 0.1
  done
}

part_failed() { # NAME CHINESE ENGLISH
  tail -n 20 "$state/log/$1.log" >&2
  die "$2日志：$state/log/$1.log" "$3 Its log: $state/log/$1.log"
}

# Stops these parts in this order, and no other.
stop_parts() { # NAMES…
  local name part kept
  for name in "$@"; do
    stop_part "$name"
    kept=()
    for part in "${started[@]}"; do [ "$part" = "$name" ] || kept+=("$part"); done
    started=("${kept[@]}")
  done
}

stop_part() { # NAME
  local tries
  kill -s "${stop_signals[$1]}" "${pids[$1]}" 2>/dev/null || return 0
  for ((tries = 0; tries < 250; tries++)); do
    alive "$1" || return 0
    sleep 0.1
  done
  kill -s KILL "${pids[$1]}" 2>/dev/null || true
}

# Last started, first stopped. A part that does not end in 25 seconds is killed; the server gives
# the work it is doing 20.
stop_all() {
  local i
  [ -z "$step_group" ] || kill -s TERM -- "-$step_group" 2>/dev/null || true
  for ((i = ${#started[@]} - 1; i >= 0; i--)); do
    stop_part "${started[i]}"
  done
  started=()
}
