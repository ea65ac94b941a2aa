#!/bin/bash
# Runs a program under ThreadSanitizer with Muster's suppressions:
#   under_tsan.sh PROGRAM [ARGUMENT...]
set -eu

here="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)"
# The longest history: a race is suppressed only where its stacks are known.
export TSAN_OPTIONS="suppressions=${here}/tsan.supp history_size=7 ${TSAN_OPTIONS:-}"
exec "$@"
