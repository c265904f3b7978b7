#!/usr/bin/env bash
# make fuzz: libFuzzer on what reads callbacks, RUNS executions of each target. What it finds stays in
# target/fuzz/, and the run fails. Seeds are the published vectors and events of the tests.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

# shellcheck source=lib/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

runs=${RUNS:-1000000}
fuzz=$root/crates/wecom/fuzz
home=$root/target/fuzz

# Coverage counters as cargo-fuzz sets them. No address sanitizer: the library has no unsafe code, and so the
# flags are those of any stable compiler.
coverage=(-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing)

check_rust
has c++ || install_packages g++
say "编译模糊测试（首次约两分钟）" "building the fuzz targets (about two minutes the first time)"
# --target keeps the flags away from build scripts.
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS="${coverage[*]}" RUSTC_BOOTSTRAP=1 cargo build --quiet --release --locked --target "$host" \
  --manifest-path "$fuzz/Cargo.toml" --target-dir "$home/build"

failed=()
for target in envelope decrypt event; do
  mkdir -p "$home/corpus/$target" "$home/found"
  output=$home/$target.log
  "$home/build/$host/release/$target" -runs="$runs" -max_len=4096 -seed=1 -print_final_stats=1 \
    -dict="$fuzz/xml.dict" -artifact_prefix="$home/found/$target-" \
    "$home/corpus/$target" "$fuzz/seeds" >"$output" 2>&1 || failed+=("$target")
  executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$output")
  note "$target：执行 ${executed:-0} 次" "$target: ${executed:-0} executions"
done
[ ${#failed[@]} -eq 0 ] || die "发现问题：${failed[*]}，见 target/fuzz/" "found something: ${failed[*]}; see target/fuzz/"
