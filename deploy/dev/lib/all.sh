# shellcheck shell=bash
# Sourced by every script in deploy/dev: all the functions, none of which does anything until called.

lib=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=lib/common.sh
. "$lib/common.sh"
# shellcheck source=lib/processes.sh
. "$lib/processes.sh"
# shellcheck source=lib/machine.sh
. "$lib/machine.sh"
# shellcheck source=lib/services.sh
. "$lib/services.sh"
# shellcheck source=lib/test-services.sh
. "$lib/test-services.sh"
# shellcheck source=lib/pages.sh
. "$lib/pages.sh"
# shellcheck source=lib/tools.sh
. "$lib/tools.sh"
