# What the rows of CI share. A row is a script that anyone can run from
# anywhere: it goes to the workspace's root, and its last line of output is
# "N passed, N failed", counted from the results of tests.

set -eu -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export MUSTER_EXTRA_PACKAGES="${PWD}/.ci/debian_packages.txt"
# The data sets, when their folder lies beside this clone.
if [[ -z "${MUSTER_DATA:-}" && -d ../shared/data ]]; then
  MUSTER_DATA="$(cd ../shared/data && pwd)"
  export MUSTER_DATA
fi
# Scratch space, removed when the row ends.
scratch="$(mktemp -d)"
trap 'rm -rf "${scratch}"' EXIT

# report PASSED FAILED: the last line, and the exit code.
report() {
  echo "$1 passed, $2 failed"
  [[ "$2" == 0 ]]
}

# one COMMAND...: a row that is a single check.
one() {
  if "$@"; then report 1 0; else report 0 1; fi
}

# bazel_test ARGUMENT...: runs tests and reports their test cases.
bazel_test() {
  local code=0
  ./bazelw test --keep_going --noshow_progress --test_summary=terse \
    --build_event_json_file="${scratch}/events.json" "$@" || code=$?
  /usr/bin/python3 -m tools.checks.count_tests "${scratch}/events.json" "${code}"
}
