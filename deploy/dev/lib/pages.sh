# shellcheck shell=bash
# Sourced: builds the pages that `rollcall` embeds. Needs use_node (machine.sh).

# What is installed in a folder equals its package-lock.json unless that is newer.
install_npm_packages() { # FOLDER
  [ -f "$1/package-lock.json" ] || die "找不到 $1 的源码。" "the sources of $1 are missing."
  [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ] && return
  say "安装 ${1#"$root/"} 的 npm 依赖（约一分钟）" "installing the npm packages of ${1#"$root/"} (about a minute)"
  (cd "$1" && npm ci --silent --no-audit --no-fund)
  touch "$1/node_modules/.package-lock.json"
}

build_pages() {
  local stamp=$state/pages-built output=$state/log/pages.log began
  if [ -d "$ui/dist" ] && [ -f "$stamp" ] && [ -z "$(newer_page_source "$stamp")" ]; then return; fi
  install_npm_packages "$ui"
  say "构建页面（约一分钟）" "building the pages (about a minute)"
  began=$(date +%s)
  mkdir -p "$state/log"
  (cd "$ui" && npm run --silent build) >"$output" 2>&1 || {
    cat "$output" >&2
    die "页面构建失败，原因见上。" "the pages could not be built; the reason is above."
  }
  touch -d "@$began" "$stamp" # what changed while it built counts as newer
}

newer_page_source() { # STAMP
  find "$ui" \( -name node_modules -o -name dist \) -prune -o -type f -newer "$1" -print -quit
}
