"""Trees on which the check of the package graph must and must not fail."""

import unittest

from tools.checks import fake_tree, package_graph


class PackageGraphTest(fake_tree.FakeTreeTest):
    check = package_graph

    def test_accepts_the_allowed_edges(self):
        self.assert_finds({
            "runtime/BUILD": 'muster_cc_library(name = "rng", deps = ["//runtime:ids", "@zlib"])',
            "allocation/BUILD": 'muster_cc_library(name = "ata", deps = ["//runtime:rng"])',
            "models/data/BUILD": 'muster_cc_library(name = "idx", deps = ["//models:a"])',
            "benchmarks/ata/BUILD": 'x(name = "e", deps = ["//allocation:ata", "//tools/plot"])',
        })

    def test_loads_and_visibility_are_not_edges(self):
        self.assert_finds({
            "runtime/BUILD": 'load("//tools:cc.bzl", "m")\n'
            'm(name = "a", visibility = ["//allocation:__pkg__"])\n'
            'package_group(name = "g", packages = ["//models/..."])',
        })

    def test_finds_a_module_that_uses_another(self):
        self.assert_finds(
            {"allocation/BUILD": 'm(name = "a", deps = ["//models:data"])'},
            "//allocation:a names //models:data: //allocation may use //runtime",
        )

    def test_finds_a_runtime_that_uses_a_module(self):
        self.assert_finds(
            {"runtime/BUILD": 'm(name = "a", deps = ["//allocation"])'},
            "//runtime may use no other package",
        )

    def test_finds_edges_of_tests_and_data_and_through_the_own_name(self):
        self.assert_finds(
            {
                "models/BUILD": 't(name = "a_test", testonly = 1, data = ["//dispatch:d"])\n'
                'm(name = "b", deps = ["@muster//scheduling:s"])'
            },
            "//models:a_test names //dispatch:d",
            "//models:b names @muster//scheduling:s",
        )

    def test_finds_edges_inside_select_and_lists_added(self):
        self.assert_finds(
            {
                "runtime/BUILD": 'm(name = "a", deps = [":b"] + '
                'select({"//tools:x": ["//tools:y"], "z": []}))'
            },
            "names //tools:y",
        )

    def test_nothing_depends_on_benchmarks(self):
        self.assert_finds(
            {"tools/BUILD": 'm(name = "a", deps = ["//benchmarks:harness"])'},
            "names //benchmarks:harness",
        )

    def test_finds_an_include_without_a_dep(self):
        self.assert_finds(
            {"scheduling/a.cc": '#include "muster/models/lasso.h"\n'},
            "scheduling/a.cc includes muster/models/...",
        )

    def test_finds_a_package_that_has_no_rule(self):
        self.assert_finds(
            {"extras/BUILD": 'm(name = "a", deps = ["//runtime:b"])'},
            "package extras has no line in ALLOWED",
        )

    def test_ignores_folders_of_bazelignore(self):
        self.assert_finds({
            ".bazelignore": "tools/other\n",
            "tools/other/BUILD": 'm(name = "a", deps = ["//benchmarks:b"])',
        })


if __name__ == "__main__":
    unittest.main()
