#!/usr/bin/env bash
# make sbom: what the programs and the pages are made of, as CycloneDX JSON in target/sbom/: rollcall.json and
# simulator.json of the crates, pages.json of the npm packages, those that only build and check them too.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

# shellcheck source=lib/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

cd "$root"
check_rust
use_node
install_cargo_cyclonedx
sbom=$root/target/sbom
name="rollcall-sbom"
mkdir -p "$sbom"

# Of the lock file as it is committed, with the commit's time: the same commit gives the same file.
cargo metadata --quiet --locked --format-version 1 >/dev/null
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
# It writes beside every Cargo.toml of the workspace; two of them are programs.
trap 'rm -f "$root"/crates/*/"$name.json" "$root/tests/$name.json"' EXIT
"$cargo_tools/cargo-cyclonedx" cyclonedx --quiet --format json --spec-version 1.5 --override-filename "$name"
# Where the checkout lies is nobody's business.
sed "s|file://$root/|file:///|g" "crates/server/$name.json" >"$sbom/rollcall.json"
sed "s|file://$root/|file:///|g" "crates/simulator/$name.json" >"$sbom/simulator.json"

(cd "$ui" && npm sbom --sbom-format cyclonedx --package-lock-only) >"$sbom/pages.json"
note "已写入 target/sbom/：rollcall.json、simulator.json、pages.json" \
  "written to target/sbom/: rollcall.json, simulator.json, pages.json"
