# shellcheck shell=bash
# Sourced: where things are, how to speak, and who runs what.
# shellcheck disable=SC2034 # the variables are read by the scripts that source this

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd -P)
state=$root/.rollcall # everything these scripts make, besides target/ and node_modules/
ui=$root/crates/web/ui
# Programs that cargo installs for the checks. CI may keep them outside the checkout.
cargo_tools=${ROLLCALL_TOOLS:-$state/tools}/bin

# Chinese first, then English; progress on standard output, trouble on standard error.
say() { printf '==> %s · %s\n' "$1" "$2"; }
note() { printf '    %s · %s\n' "$1" "$2"; }
die() {
  printf '错误：%s\nerror: %s\n' "$1" "$2" >&2
  exit 1
}

# Postgres refuses to run as root, so root's servers run as the user that Debian's package brings.
# An array, so that it can stand in front of any command.
as_service=(env)
service_user=$(id -un)
if [ "$(id -u)" = 0 ]; then
  service_user=postgres
  as_service=(setpriv --reuid=postgres --regid=postgres --clear-groups env -C / HOME=/nonexistent)
fi

# Where Postgres and Redis keep their files: under .rollcall/, unless the service user can't get
# there (a home folder of mode 700) or the path is too long for a Unix socket (107 bytes).
choose_data_root() { # KIND, data or test; sets data_root
  mkdir -p "$state"
  data_root=$state/$1
  if [ ${#data_root} -gt 70 ] || ! "${as_service[@]}" test -x "$state" 2>/dev/null; then
    data_root=$(distant_data_root "$1")
  fi
}

# The checkout's path is in the name, hashed: two checkouts keep apart.
distant_data_root() { # KIND
  echo "/var/tmp/rollcall-$(printf '%s' "$root" | sha256sum | cut -c1-12)-$1"
}

make_data_root() { # KIND; sets and makes data_root
  choose_data_root "$1"
  mkdir -p "$data_root"
  # /var/tmp is everyone's: a folder that somebody else put there first is not used.
  [ "$(stat -c %u "$data_root")" = "$(id -u)" ] ||
    die "$data_root 属于别的用户，请先移走它。" "$data_root belongs to another user; move it away first."
  [ "$data_root" = "$state/$1" ] ||
    note "数据库文件放在 $data_root：$service_user 用户进不了 .rollcall/，或路径过长。" \
      "database files are in $data_root: the user $service_user can't enter .rollcall/, or its path is too long."
}

# A folder of mode 700, and a file of mode 600 made from standard input, that belong to the service user.
make_service_dir() { install -d -m 700 -o "$service_user" -g "$(id -gn "$service_user")" "$1"; }
make_service_file() { install -m 600 -o "$service_user" -g "$(id -gn "$service_user")" /dev/stdin "$1"; }

# A random secret of 32 bytes in hex, made once and kept in a file that only its owner reads.
secret() { # NAME
  local file=$state/secrets/$1
  mkdir -p "$state/secrets"
  chmod 700 "$state/secrets"
  [ -s "$file" ] || (umask 077 && head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$file")
  cat "$file"
}

# One holder of a lock at a time in a checkout; it ends with the process that took it.
take_lock() { # NAME
  mkdir -p "$state"
  exec 9>>"$state/$1.lock"
  flock -n 9
}

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() { # FROM; prints the first free port from there on
  local port=$1
  while port_taken "$port"; do port=$((port + 1)); done
  echo "$port"
}

# The status code of a GET on 127.0.0.1, or nothing. A fresh machine may have no curl.
http_status() { # PORT PATH
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit
    printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&3
    read -r _ status _ <&3 && echo "$status"
  ) 2>/dev/null || true
}

# Where things listen; the environment changes it.
declare -A ports=(
  [ROLLCALL_PORT]=${ROLLCALL_PORT:-8710}
  [ROLLCALL_METRICS_PORT]=${ROLLCALL_METRICS_PORT:-8711}
  [ROLLCALL_SIMULATOR_PORT]=${ROLLCALL_SIMULATOR_PORT:-8720}
  [ROLLCALL_POSTGRES_PORT]=${ROLLCALL_POSTGRES_PORT:-8712}
  [ROLLCALL_REDIS_PORT]=${ROLLCALL_REDIS_PORT:-8713}
)
server_url=http://127.0.0.1:${ports[ROLLCALL_PORT]}
simulator_url=http://127.0.0.1:${ports[ROLLCALL_SIMULATOR_PORT]}

# What `make run` made and its companions use.
config=$state/rollcall.toml
rollcall=$root/target/release/rollcall
simulator=$root/target/release/simulator
school=$root/fixtures/school.toml
# A visitor's own roster, and what the simulator made of it; it is forgotten with the folder.
own=$state/own-school
