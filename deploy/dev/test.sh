#!/usr/bin/env bash
# make test: everything that must pass, from nothing. make check is its quick part.
# Every check runs, whatever the ones before it said; the last line counts the tests executed.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

# shellcheck source=lib/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

main() {
  cd "$root"
  prepare_machine test
  local quick=${1:-}
  [ "$quick" = quick ] || start_test_services
  mkdir -p "$state"
  output=$state/test.log
  : >"$output"
  export CARGO_TERM_COLOR=never NO_COLOR=1 ROLLCALL_TEST_CHROMIUM
  ROLLCALL_TEST_CHROMIUM=$(command -v chromium)

  check "脚本" "scripts" check_scripts
  check "Rust 格式" "Rust format" cargo fmt --all --check
  check "页面：类型与 lint" "pages: types and lints" check_pages
  check "Rust lint" "Rust lints" cargo clippy --workspace --all-targets --locked -- -D warnings
  # Each part of the WeCom crate stands by itself.
  for part in client callback; do
    check "wecom：只要 $part" "wecom: $part alone" \
      cargo clippy --package wecom --no-default-features --features "$part" --locked -- -D warnings
  done
  check "模糊测试的锁文件" "the fuzz targets' lock file" \
    check_fuzz_lock
  if [ "$quick" != quick ]; then
    check "页面：测试" "pages: tests" test_pages
    check "页面：构建" "pages: build" build_pages
    check "Rust 测试，含真实浏览器" "Rust tests, a real browser too" test_rust
    check "页面类型与接口文档一致" "the pages' types equal the API document" check_page_types
    check "schema.rs 与迁移一致" "schema.rs equals the migrations" check_schema
    check "依赖的许可证与来源" "licences and sources of dependencies" check_dependencies
  fi
  [ ${#failed[@]} -eq 0 ] || { tell_failures && printf '\n未通过 · FAILED: %s\n' "${failed[@]}"; }
  [ "$quick" = quick ] || count_tests
  [ ${#failed[@]} -eq 0 ]
}

failed=()

check() { # CHINESE ENGLISH COMMAND…
  local began=$SECONDS status=0
  say "$1" "$2"
  set +e
  step logged "${@:3}"
  status=$?
  set -e
  if [ "$status" = 0 ]; then
    note "通过，$((SECONDS - began)) 秒" "passed, $((SECONDS - began)) s"
  else
    note "未通过" "FAILED"
    failed+=("$1 · $2")
  fi
}

logged() {
  set -e
  "$@" 2>&1 | tee -a "$output"
}

check_scripts() { shellcheck -x .ci/run deploy/dev/*.sh deploy/production/backup/*.sh; }

check_pages() {
  install_npm_packages "$ui"
  cd "$ui" && npm run --silent check
}

test_pages() { cd "$ui" && npm test --silent; }

# tests/browser is driven by tests/src/browser.rs.
test_rust() {
  install_npm_packages "$root/tests/browser"
  # By themselves: one asks everything of everybody for a minute, the other drives a browser that a person waits for.
  local alone=(authz::everybody browser::) broken=0
  cargo test --workspace --locked --no-fail-fast -- "${alone[@]/#/--skip=}" || broken=1
  # The whole workspace again, so that nothing is compiled again.
  cargo test --workspace --locked --no-fail-fast --lib -- --test-threads=1 "${alone[@]}" || broken=1
  return "$broken"
}

# What it prints is one line of a megabyte.
check_fuzz_lock() {
  cargo metadata --quiet --locked --format-version 1 --manifest-path crates/wecom/fuzz/Cargo.toml >/dev/null
}

# That the API document is what the server says is a test of tests/src/openapi.rs.
check_page_types() { cd "$ui" && npm run --silent api -- --check; }

check_schema() {
  install_diesel
  make_database "$test_postgres_port" schema
  DATABASE_URL=$(postgres_url rollcall_owner "$test_postgres_port" schema) \
    "$cargo_tools/diesel" migration run --locked-schema
}

check_dependencies() {
  install_cargo_deny
  "$cargo_tools/cargo-deny" --locked check licenses bans sources
  if timeout 20 git ls-remote -q https://github.com/RustSec/advisory-db HEAD >/dev/null 2>&1; then
    "$cargo_tools/cargo-deny" --locked check advisories
  else
    note "未检查安全公告：连不上公告库" "advisories NOT checked: their database can't be reached from here"
  fi
}

# What each failed test of Rust's said, once more and in short: it stands far above by now, among the traces.
tell_failures() {
  awk '
    /^---- .* stdout ----$/ { telling = 12; print "" }
    /^stack backtrace:|^note: |^failures:$/ { telling = 0 }
    telling && NF { print substr($0, 1, 400); telling-- }' "$output"
}

# The closing lines of cargo test ("test result: ok. 12 passed; 0 failed; …") and of vitest
# ("Tests  1 failed | 11 passed (12)"), added up.
count_tests() {
  awk '
    /^test result: / { passed += $4; failed += $6 }
    $1 == "Tests" { for (i = 2; i <= NF; i++) { if ($i == "passed") passed += $(i - 1); if ($i == "failed") failed += $(i - 1) } }
    END { printf "%d passed, %d failed\n", passed, failed }' "$output"
}

main "$@"
