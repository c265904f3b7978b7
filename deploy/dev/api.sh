#!/usr/bin/env bash
# make api: writes the OpenAPI document and the pages' types anew from the server's code.
# `api.sh check` proves that both are up to date, and writes nothing.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail

# shellcheck source=lib/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

cd "$root"
document=docs/openapi.json
types=crates/web/ui/shared/src/api/schema.d.ts

check_rust
use_node
install_page_packages

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo run --quiet --locked -p rollcall-server --bin rollcall -- openapi >"$work/openapi.json"
(cd "$ui" && npx --no-install openapi-typescript "$work/openapi.json" -o "$work/schema.d.ts" >/dev/null)

if [ "${1:-}" = check ]; then
  { diff -u "$document" "$work/openapi.json" && diff -u "$types" "$work/schema.d.ts"; } ||
    die "接口文档与代码不一致，请运行 make api。" "the API documents are not what the code says: run make api."
else
  mkdir -p "$(dirname "$types")"
  cp "$work/openapi.json" "$document"
  cp "$work/schema.d.ts" "$types"
fi
