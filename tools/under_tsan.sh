#!/bin/bash
# Runs a program under ThreadSanitizer with Muster's suppressions:
#   under_tsan.sh PROGRAM [ARGUMENT...]
set -eu

here="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)"
export TSAN_OPTIONS="suppressions=${here}/tsan.supp ${TSAN_OPTIONS:-}"
exec "$@"
