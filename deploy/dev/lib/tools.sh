# shellcheck shell=bash
# Sourced: programs that the checks need and only cargo has. Built once, into .rollcall/tools.

diesel_cli=2.3.14
cargo_deny=0.20.2
cargo_cyclonedx=0.5.9

install_diesel() { install_cargo_tool diesel_cli "$diesel_cli" --no-default-features --features postgres; }
install_cargo_deny() { install_cargo_tool cargo-deny "$cargo_deny"; }
install_cargo_cyclonedx() { install_cargo_tool cargo-cyclonedx "$cargo_cyclonedx"; }

install_cargo_tool() { # CRATE VERSION CARGO_OPTIONS…
  local home=${cargo_tools%/bin}
  if grep -qs "^\"$1 $2 " "$home/.crates.toml"; then return; fi
  say "编译检查工具 $1 $2（首次约三分钟）" "building the tool $1 $2 (about three minutes, once)"
  cargo install --quiet --locked --root "$home" --version "$2" "${@:3}" "$1"
}
