"""Fake programs are run, stored and compared as the real ones are."""

import contextlib
import io
import json
import os
import tempfile
import unittest
from unittest import mock

from benchmarks import regression
from tools import compare_benchmarks
from tools import fake_benchmark

TIMES = {"BM_A/1": 100.0, "BM_A/2": 200.0}


class RegressionTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.programs = fake_benchmark.FakePrograms()
        patches = [
            mock.patch.object(compare_benchmarks, "call", self.programs.call),
            mock.patch.dict(os.environ, {
                "BUILD_WORKING_DIRECTORY": self.folder,
                "BUILD_WORKSPACE_DIRECTORY": self.folder,
                "XDG_CACHE_HOME": os.path.join(self.folder, "cache")}),
        ]
        for patch in patches:
            patch.start()
            self.addCleanup(patch.stop)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)

    def add(self, build, package_and_name, times=None, **kwargs):
        self.programs.add(os.path.join(self.folder, build, package_and_name),
                          times or TIMES, **kwargs)

    def run_main(self, build, *arguments, programs=("runtime/a", "runtime/b")):
        os.chdir(os.path.join(self.folder, build))
        flags = []
        for program in programs:
            flags += [f"--program={program}", "--program_arg=--laws=x"]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = regression.main(flags + list(arguments))
        return code, out.getvalue(), err.getvalue()

    def test_stores_a_report_per_program(self):
        self.add("new", "runtime/a", counters={"BM_A/1": {"exact_sum": 5}})
        self.add("new", "runtime/b")
        code, out, _ = self.run_main("new", "--out=figures")
        self.assertEqual(code, 0)
        self.assertIn("BM_A/1: 100 ns", out)
        folder = os.path.join(self.folder, "figures")
        self.assertEqual(sorted(os.listdir(folder)),
                         ["runtime_a.json", "runtime_b.json"])
        with open(os.path.join(folder, "runtime_a.json"),
                  encoding="utf-8") as file:
            report = json.load(file)
        self.assertEqual(len(report["benchmarks"]), 2 * 9)
        self.assertEqual(report["benchmarks"][0]["exact_sum"], 5)
        self.assertIn("commit", report["context"])
        self.assertTrue(all(arguments[0] == "--laws=x"
                            for _, arguments in self.programs.calls))

    def test_default_folder_is_in_the_cache(self):
        self.add("new", "runtime/a")
        code, _, err = self.run_main("new", programs=["runtime/a"])
        self.assertEqual(code, 0)
        self.assertIn(os.path.join(self.folder, "cache", "muster", "baselines",
                                   regression.machine()), err)

    def test_compares_with_programs_interleaved(self):
        for folder in ("old/runtime", "bin/bazel-bin/runtime"):
            build = os.path.dirname(folder)
            self.add(build, "runtime/a")
            self.add(build, "runtime/b")
        self.add("new", "runtime/a")
        self.add("new", "runtime/b", {"BM_A/1": 100.0, "BM_A/2": 300.0})
        for base in ("old", "bin"):
            code, out, _ = self.run_main("new", f"--base={base}", "--out=figures")
            self.assertEqual(code, 1)
            self.assertEqual(out.count("SLOWER"), 1)
            self.assertTrue(os.path.isfile(
                os.path.join(self.folder, "figures/base/runtime_b.json")))
        code, _, _ = self.run_main("new", "--base=old", "--override=A/2=0.6")
        self.assertEqual(code, 0)

    def test_compares_with_stored_figures(self):
        self.add("old", "runtime/a", counters={"BM_A/1": {"exact_sum": 5}})
        self.assertEqual(self.run_main("old", "--out=figures",
                                       programs=["runtime/a"])[0], 0)
        self.add("new", "runtime/a", counters={"BM_A/1": {"exact_sum": 6}})
        code, out, err = self.run_main("new", "--base=figures", "--out=now",
                                       programs=["runtime/a"])
        self.assertEqual(code, 1)
        self.assertIn("EXACT: exact_sum", out)
        self.assertIn("not interleaved", err)
        code, _, _ = self.run_main("new", "--base=figures", "--filter=/2",
                                   programs=["runtime/a"])
        self.assertEqual(code, 0)

    def test_builds_only_the_programs_of_the_filter(self):
        for build in ("old", "new"):
            self.add(build, "runtime/a")
            self.add(build, "runtime/b", times={"BM_B": 100.0})
        with mock.patch.object(
                regression, "build_commit",
                return_value=os.path.join(self.folder, "old")) as build:
            code, out, _ = self.run_main("new", "--base=v1", "--filter=BM_B")
        self.assertEqual(code, 0)
        self.assertIn("1 same", out)
        build.assert_called_once_with("v1", ["runtime/b"])

    def test_a_base_that_does_not_build_is_no_new_program(self):
        checkout = os.path.join(self.folder, "cache", "muster", "regression",
                                "0123456789ab")
        os.makedirs(checkout)
        bazelw = os.path.join(checkout, "bazelw")
        # Builds nothing; knows //runtime:b only.
        with open(bazelw, "w", encoding="utf-8") as file:
            file.write('#!/bin/sh\n[ "$2 $3" = "query //runtime:b" ]\n')
        os.chmod(bazelw, 0o755)
        with mock.patch.object(regression, "git",
                               return_value="0123456789abcdef"):
            with contextlib.redirect_stderr(io.StringIO()):
                self.assertEqual(regression.build_commit("v1", ["runtime/a"]),
                                 checkout)
                with self.assertRaisesRegex(
                        regression.ComparisonError,
                        "--base=v1: //runtime:b does not build"):
                    regression.build_commit("v1", ["runtime/a", "runtime/b"])

    def test_without_git_there_is_no_commit(self):
        self.add("new", "runtime/a")
        with mock.patch.dict(os.environ, {"PATH": self.folder}):
            self.assertEqual(regression.commit(), "unknown")
            code, _, err = self.run_main("new", "--base=v1",
                                         programs=["runtime/a"])
        self.assertEqual(code, 2)
        self.assertIn("--base=v1: neither a folder nor a commit of this "
                      "repository; git is not installed", err)

    def test_new_programs_pass(self):
        self.add("old", "runtime/a")
        self.add("new", "runtime/a")
        self.add("new", "runtime/b")
        code, out, _ = self.run_main("new", "--base=old")
        self.assertEqual(code, 0)
        self.assertIn("2 new, 2 same", out)

    def test_a_failing_benchmark_fails_without_a_base(self):
        self.add("new", "runtime/a", errors={"BM_A/1": "sum is off"})
        code, out, _ = self.run_main("new", programs=["runtime/a"])
        self.assertEqual(code, 1)
        self.assertIn("FAILED: sum is off", out)

    def test_wrong_options_are_named(self):
        self.add("new", "runtime/a")
        os.makedirs(os.path.join(self.folder, "empty"))
        for flag, message in [
                ("--base=nowhere", "neither a folder nor a commit"),
                ("--base=empty", "has none of the programs"),
                ("--filter=Nothing", "no benchmark matches"),
                ("--out=new/runtime/a/x", "cannot write there")]:
            code, _, err = self.run_main("new", flag, programs=["runtime/a"])
            self.assertEqual(code, 2, flag)
            self.assertIn(message, err)


if __name__ == "__main__":
    unittest.main()
