#!/bin/bash
# Runs an experiment with --quick for several numbers of threads:
#   quick_test.sh PROGRAM
# Fails when a run fails, when a claim fails, or when two runs' results differ.
set -eu

reference="${TEST_TMPDIR}/threads_1"
for threads in 1 2 3 8; do
  out="${TEST_TMPDIR}/threads_${threads}"
  figures=false
  [[ "${threads}" == 1 ]] && figures=true
  "$1" --quick --threads="${threads}" --figures="${figures}" --out="${out}" ||
    { echo "exit code $? with --threads=${threads}" >&2; exit 1; }
  # What may differ between equal runs, and what only the first one draws.
  rm -rf "${out}/run.json" "${out}/checkpoint" "${out}"/*.svg "${out}"/*.png
  diff -r "${reference}" "${out}" ||
    { echo "--threads=${threads} gives other bytes than 1" >&2; exit 1; }
done
