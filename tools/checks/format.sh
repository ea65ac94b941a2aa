#!/bin/bash
# Checks that every C++ source is formatted as .clang-format says:
#
#   ./bazelw run //tools/checks:format            # names what is not
#   ./bazelw run //tools/checks:format -- --fix   # formats it
#
# The version that counts is Debian 12's clang-format 14.
set -eu -o pipefail

cd "${BUILD_WORKSPACE_DIRECTORY:-.}"
if ! command -v clang-format > /dev/null; then
  echo "clang-format is not installed (Debian: apt-get install clang-format)" >&2
  exit 1
fi
mode=(--dry-run -Werror)
[[ "${1:-}" != --fix ]] || mode=(-i)
# Bazel's links at the root and hidden folders are not ours.
find . \( -path './bazel-*' -o -path './.*' -o -path ./out \) -prune -o \
  \( -name '*.h' -o -name '*.cc' \) -print0 |
  xargs -0 --no-run-if-empty clang-format --style=file "${mode[@]}"
