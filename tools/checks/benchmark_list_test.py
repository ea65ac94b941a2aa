"""Trees on which the check of the list of benchmarks must and must not fail."""

import unittest

from tools.checks import benchmark_list, fake_tree

_LIST = """_MICROBENCHMARKS = {
    # A comment.
    "//runtime:rng_benchmark": [],
    "//dispatch:lloyd_benchmark": [
        "--benchmark_filter=k:100/",
    ],
}
"""


class BenchmarkListTest(fake_tree.FakeTreeTest):
    check = benchmark_list

    def test_accepts_a_whole_list(self):
        self.assert_finds({
            "benchmarks/microbenchmarks.bzl": _LIST,
            "runtime/BUILD": 'muster_cc_benchmark(name = "rng_benchmark")',
            "dispatch/BUILD": 'muster_cc_benchmark(name = "lloyd_benchmark")',
        })

    def test_finds_what_is_missing_on_either_side(self):
        self.assert_finds(
            {
                "benchmarks/microbenchmarks.bzl": _LIST,
                "runtime/BUILD": 'muster_cc_benchmark(name = "math_benchmark")',
                "dispatch/BUILD": 'muster_cc_benchmark(name = "lloyd_benchmark")',
            },
            "//runtime:math_benchmark is not in",
            "names //runtime:rng_benchmark, which",
        )


if __name__ == "__main__":
    unittest.main()
