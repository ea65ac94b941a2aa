"""Trees on which the check of direct deps must and must not fail."""

import unittest

from tools.checks import deps, fake_tree

_RNG = 'muster_cc_library(name = "rng", hdrs = ["rng.h"])\n'


class DepsTest(fake_tree.FakeTreeTest):
    check = deps

    def tree_of(self, include, build_deps, more=None):
        """A library allocation:a that includes a header and has some deps."""
        files = {
            "runtime/BUILD": _RNG,
            "runtime/rng.h": "",
            "allocation/BUILD": 'muster_cc_library(name = "a", srcs = ["a.cc"], '
            f"deps = {build_deps!r})",
            "allocation/a.cc": include + "\n",
        }
        files.update(more or {})
        return files

    def test_accepts_covered_includes(self):
        self.assert_finds(self.tree_of('#include "muster/runtime/rng.h"', ["//runtime:rng"]))
        self.assert_finds(self.tree_of("#include <vector>\n#include <sys/stat.h>", []))

    def test_finds_a_missing_sibling(self):
        self.assert_finds(
            self.tree_of('#include "muster/runtime/rng.h"', []),
            "//allocation:a: allocation/a.cc includes muster/runtime/rng.h; "
            "add a dep on //runtime:rng",
        )

    def test_an_indirect_dep_is_not_enough(self):
        build = _RNG + 'muster_cc_library(name = "b", hdrs = ["b.h"], deps = [":rng"])'
        self.assert_finds(
            self.tree_of(
                '#include "muster/runtime/b.h"\n#include "muster/runtime/rng.h"',
                ["//runtime:b"],
                {
                    "runtime/BUILD": build,
                    "runtime/b.h": '#include "muster/runtime/rng.h"\n',
                },
            ),
            "add a dep on //runtime:rng",
        )

    def test_a_library_of_deps_alone_stands_for_them(self):
        build = _RNG + 'muster_cc_library(name = "runtime", deps = [":rng"])'
        self.assert_finds(
            self.tree_of(
                '#include "muster/runtime/rng.h"', ["//runtime"], {"runtime/BUILD": build}
            )
        )

    def test_finds_missing_third_party_deps(self):
        for include, label in (
            ("absl/status/statusor.h", "@com_google_absl//absl/status:statusor"),
            ("absl/strings/str_cat.h", "@com_google_absl//absl/strings:strings"),
            ("absl/strings/str_format.h", "@com_google_absl//absl/strings:str_format"),
            ("absl/container/btree_map.h", "@com_google_absl//absl/container:btree"),
            ("absl/types/span.h", "@com_google_absl//absl/types:span"),
            ("Eigen/Core", "@eigen//:eigen"),
            ("oneapi/tbb/parallel_for.h", "@onetbb//:tbb"),
            ("gtest/gtest.h", "@com_google_googletest//:gtest"),
            ("gflags/gflags.h", "@com_github_gflags_gflags//:gflags"),
            ("zlib.h", "@zlib//:zlib"),
            ("nlohmann/json.hpp", "@nlohmann_json//:json"),
            ("coin/ClpSimplex.hpp", "@clp//:clp"),
            ("coin/OsiClpSolverInterface.hpp", "@clp//:clp"),
            ("coin/CoinPackedMatrix.hpp", "@clp//:clp"),
            ("coin/CbcModel.hpp", "@cbc//:cbc"),
            ("lemon/network_simplex.h", "@lemon//:lemon"),
            ("linear.h", "@liblinear//:liblinear"),
            ("nanoflann.hpp", "@nanoflann//:nanoflann"),
        ):
            for quoted in (f'"{include}"', f"<{include}>"):
                self.assert_finds(self.tree_of(f"#include {quoted}", []), f"add a dep on {label}")
                self.assert_finds(self.tree_of(f"#include {quoted}", [label]))

    def test_short_labels_of_third_parties_are_understood(self):
        self.assert_finds(self.tree_of('#include "Eigen/Core"', ["@eigen"]))
        self.assert_finds(self.tree_of("#include <tbb/task.h>", ["@onetbb"]) )

    def test_tests_have_googletest_by_their_macro(self):
        files = {
            "runtime/BUILD": 'muster_cc_test(name = "a_test", srcs = ["a_test.cc"])',
            "runtime/a_test.cc": "#include <gmock/gmock.h>\n#include <gtest/gtest.h>\n",
        }
        self.assert_finds(files)

    def test_finds_a_dep_that_is_not_used(self):
        self.assert_finds(
            self.tree_of("#include <vector>", ["//runtime:rng"]),
            "no file includes a header of the dep //runtime:rng",
        )

    def test_finds_a_header_of_no_target_and_unprefixed_and_unknown_ones(self):
        self.assert_finds(
            self.tree_of('#include "muster/runtime/other.h"', []),
            "muster/runtime/other.h is in the hdrs of no target",
        )
        self.assert_finds(
            self.tree_of('#include "rng.h"', []), 'write "muster/<package>/rng.h"'
        )
        self.assert_finds(
            self.tree_of("#include <boost/any.hpp>", []), "is of no library in third_party"
        )

    def test_finds_files_of_no_target(self):
        self.assert_finds(
            self.tree_of("", [], {"allocation/dead.cc": ""}),
            "allocation/dead.cc is in no target",
        )

    def test_finds_deps_out_of_order(self):
        build = _RNG + 'muster_cc_library(name = "b", hdrs = ["b.h"])'
        self.assert_finds(
            self.tree_of(
                '#include "muster/runtime/b.h"\n#include "muster/runtime/rng.h"',
                ["//runtime:rng", "//runtime:b"],
                {"runtime/BUILD": build, "runtime/b.h": ""},
            ),
            "//allocation:a: deps are not sorted",
        )


if __name__ == "__main__":
    unittest.main()
