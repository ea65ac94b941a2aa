"""Runs the reproduction program on the example experiment."""

import csv
import os
import subprocess
import tempfile
import unittest

_RUNFILES = os.environ["TEST_SRCDIR"]
_PROGRAM = os.path.join(_RUNFILES, "muster/benchmarks/reproduce")


class ReproduceTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.out = os.path.join(self.folder, "out")

    def reproduce(self, *flags, experiments):
        path = os.path.join(self.folder, "list.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(f"{label}\tone line\n" for label in experiments))
        return subprocess.run(
            [_PROGRAM, f"--experiments={path}", f"--out={self.out}", *flags],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "RUNFILES_DIR": _RUNFILES},
        )

    def test_one_experiment(self):
        run = self.reproduce(
            "--seeds=4", experiments=["//benchmarks/harness:barrier_wait"]
        )
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        with open(os.path.join(self.out, "claims.csv"), encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 11)
        self.assertEqual(rows[0]["id"], "barrier_wait/mean.n1")
        with open(os.path.join(self.out, "report.html"), encoding="utf-8") as file:
            page = file.read()
        self.assertIn("data:image/svg+xml;base64,", page)
        self.assertIn(
            "./bazelw run //benchmarks/harness:barrier_wait -- --quick --seeds=4 "
            "--seed=1",
            page,
        )
        self.assertIn("11 claims:", run.stdout)

    def test_what_cannot_run_is_an_error_and_the_rest_is_reported(self):
        run = self.reproduce(
            experiments=["//benchmarks:absent", "//benchmarks/harness:barrier_wait"]
        )
        self.assertEqual(run.returncode, 1)
        self.assertIn("EXIT CODE 1", run.stderr)
        with open(os.path.join(self.out, "claims.csv"), encoding="utf-8") as file:
            self.assertEqual(len(list(csv.DictReader(file))), 11)

    def claims(self):
        with open(os.path.join(self.out, "claims.csv"), encoding="utf-8") as file:
            return file.read()

    def test_another_effort_in_the_same_folder_can_be_resumed(self):
        listed = ["//benchmarks/harness:barrier_wait"]
        first = self.reproduce("--seeds=2", "--figures=false", experiments=listed)
        self.assertEqual(first.returncode, 0, first.stdout + first.stderr)
        quick = self.claims()
        again = self.reproduce(
            "--seeds=3", "--figures=false", "--resume", experiments=listed
        )
        self.assertIn(again.returncode, (0, 2), again.stdout + again.stderr)
        self.assertIn("note: --resume begins anew", again.stderr)
        self.assertEqual(len(self.claims().splitlines()), 12)
        self.assertNotEqual(self.claims(), quick)
        folder = os.path.join(self.out, "barrier_wait")
        self.assertFalse([f for f in os.listdir(folder) if f.endswith(".svg")])

    def test_without_any_results_the_earlier_ones_stay(self):
        run = self.reproduce(
            "--figures=false", experiments=["//benchmarks/harness:barrier_wait"]
        )
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        before = self.claims()
        run = self.reproduce(experiments=["//benchmarks:absent"])
        self.assertEqual(run.returncode, 1)
        self.assertIn("No experiment gave results", run.stdout)
        self.assertEqual(self.claims(), before)

    def test_wrong_flags(self):
        listed = ["//benchmarks/harness:barrier_wait"]
        for flag, message in (
            ("--only=nothing", "no experiment named 'nothing'; there are barrier_wait"),
            ("--jobs=0", "--jobs=0: must be between 1 and 64"),
            ("--fast", "unknown flag --fast"),
        ):
            run = self.reproduce(flag, experiments=listed)
            self.assertEqual(run.returncode, 1, flag)
            self.assertIn(message, run.stderr)
            self.assertFalse(os.path.exists(self.out), flag)

    def test_list(self):
        run = self.reproduce("--list", experiments=["//a:b", "//c:longer"])
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(run.stdout, "b       one line\nlonger  one line\n")


if __name__ == "__main__":
    unittest.main()
