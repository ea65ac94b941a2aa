#!/bin/bash
# Runs every benchmark of a Google Benchmark program about once:
#   smoke.sh PROGRAM [ARGUMENT...]
# Fails when the program fails, reports an error, or ran no benchmark.
set -eu

report="${TEST_TMPDIR:-$(mktemp -d)}/report.json"
"$@" --benchmark_min_time=0.000001 --benchmark_out_format=json \
  --benchmark_out="${report}"
if grep -q '"error_occurred": true' "${report}"; then
  echo "a benchmark reported an error (see above)" >&2
  exit 1
fi
if ! grep -q '"iterations":' "${report}"; then
  echo "no benchmark ran" >&2
  exit 1
fi
