"""Checks that //benchmarks:regression runs every microbenchmark of the tree."""

import re

from tools.checks import check

LIST = "benchmarks/microbenchmarks.bzl"


def findings(tree):
    listed = set(re.findall(r'^    "(//[^"]+)":', tree.text(LIST), re.MULTILINE))
    built = {str(rule.label) for rule in tree.rules if rule.kind == "muster_cc_benchmark"}
    for label in sorted(built - listed):
        yield f"{label} is not in {LIST}: add it with arguments that keep it short"
    for label in sorted(listed - built):
        yield f"{LIST} names {label}, which no BUILD file has"


if __name__ == "__main__":
    check.main(findings)
