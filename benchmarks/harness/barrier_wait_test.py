"""Runs the example experiment as a user does: flags, files, signals, resume."""

import csv
import json
import os
import signal
import subprocess
import tempfile
import unittest

_PROGRAM = os.path.join(
    os.environ["TEST_SRCDIR"], "muster/benchmarks/harness/barrier_wait"
)
_NOT_COMPARED = {"run.json", "checkpoint"}


def _files(folder):
    """Every result file's bytes by name, without what may differ."""
    result = {}
    for root, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if f not in _NOT_COMPARED]
        for name in names:
            if name not in _NOT_COMPARED:
                path = os.path.join(root, name)
                with open(path, "rb") as file:
                    result[os.path.relpath(path, folder)] = file.read()
    return result


class BarrierWaitTest(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.out = os.path.join(self._folder.name, "out")

    def run_program(self, *flags, out=None, environment=None):
        return subprocess.run(
            [_PROGRAM, f"--out={out or self.out}", *flags],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **(environment or {})},
        )

    def json(self, name, out=None):
        with open(os.path.join(out or self.out, name), encoding="utf-8") as file:
            return json.load(file)

    def test_quick_run_writes_every_file(self):
        run = self.run_program("--quick", "--seeds=4")
        self.assertEqual(run.returncode, 0, run.stderr)
        names = set(_files(self.out))
        self.assertEqual(
            names,
            {
                "barrier_wait.figure.json",
                "barrier_wait.png",
                "barrier_wait.svg",
                "claims.csv",
                "first_rounds.figure.json",
                "first_rounds.png",
                "first_rounds.svg",
                "first_rounds.trace.json",
                "results.csv",
                "results.json",
                "tables/rounds.csv",
            },
        )
        with open(os.path.join(self.out, "claims.csv"), encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 11)
        self.assertTrue(all(row["verdict"] in ("pass", "tie") for row in rows))
        self.assertEqual({row["seeds"] for row in rows}, {"4"})
        results = self.json("results.json")
        self.assertFalse(results["incomplete"])
        self.assertEqual(results["flags"]["quick"], "true")
        self.assertEqual(len(results["tables"][0]["rows"]), 24)
        self.assertEqual(self.json("run.json")["figures"], "drawn")
        # The mean over seeds in claims.csv is that of the table.
        means = [row[2] for row in results["tables"][0]["rows"] if row[0] == 32]
        ours = [row["ours"] for row in rows if row["id"] == "mean.n32"]
        self.assertAlmostEqual(float(ours[0]), sum(means) / 4, places=12)
        self.assertIn("11 claims:", run.stdout)

    def test_bytes_do_not_depend_on_threads(self):
        reference = None
        for threads in (1, 2, 3, 8):
            out = f"{self.out}{threads}"
            run = self.run_program("--rounds=5000", f"--threads={threads}", out=out)
            self.assertIn(run.returncode, (0, 2), run.stderr)
            files = _files(out)
            reference = reference or files
            self.assertEqual(files.keys(), reference.keys())
            for name, contents in files.items():
                self.assertEqual(contents, reference[name], (name, threads))

    def interrupt(self, sent, flags):
        """Starts a run, interrupts it once it works; returns (exit code, err)."""
        with subprocess.Popen(
            [_PROGRAM, f"--out={self.out}", *flags],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            # The first line of progress says that tasks are being run. They
            # save what they have when they are stopped.
            self.assertIn("barrier", process.stderr.readline())
            process.send_signal(sent)
            _, error = process.communicate(timeout=60)
            return process.returncode, error

    def test_interrupted_and_resumed_gives_the_same_bytes(self):
        flags = ["--rounds=1000000", "--seeds=1", "--threads=2", "--figures=false"]
        for sent, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            returned, error = self.interrupt(sent, flags + ["--resume"])
            self.assertEqual(returned, code, error)
            self.assertIn("writing the results so far", error)
            self.assertTrue(self.json("results.json")["incomplete"])
            self.assertIn("Stopped before", self.json("results.json")["notes"][0])
        resumed = self.run_program(*flags, "--resume")
        self.assertIn(resumed.returncode, (0, 2), resumed.stderr)
        self.assertFalse(self.json("results.json")["incomplete"])
        whole = self.out + "_whole"
        self.assertIn(self.run_program(*flags, out=whole).returncode, (0, 2))
        self.assertEqual(_files(self.out), _files(whole))

    def test_resume_with_other_flags_begins_anew(self):
        flags = ["--rounds=2000", "--figures=false"]
        self.assertIn(self.run_program("--rounds=1000").returncode, (0, 2))
        run = self.run_program(*flags, "--resume")
        self.assertIn(run.returncode, (0, 2), run.stderr)
        self.assertIn("note: --resume begins anew", run.stderr)
        self.assertIn("other flags or by another build", run.stderr)
        whole = self.out + "_whole"
        self.assertIn(self.run_program(*flags, out=whole).returncode, (0, 2))
        self.assertEqual(_files(self.out), _files(whole))

    def test_a_signal_while_figures_are_drawn_changes_nothing(self):
        package = os.path.join(self._folder.name, "python/matplotlib")
        os.makedirs(package)
        with open(package + "/__init__.py", "w", encoding="utf-8") as file:
            # The program is the parent, or the parent of the shell between.
            file.write(
                "import os, signal\n"
                "pid = os.getppid()\n"
                "while 'barrier_wait' not in os.readlink(f'/proc/{pid}/exe'):\n"
                "    with open(f'/proc/{pid}/stat') as stat:\n"
                "        pid = int(stat.read().rsplit(')', 1)[1].split()[1])\n"
                "os.kill(pid, signal.SIGTERM)\n"
                "raise ImportError('after the signal')\n"
            )
        run = self.run_program(
            "--quick", environment={"PYTHONPATH": os.path.dirname(package)}
        )
        self.assertIn("stopping", run.stderr)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertFalse(self.json("results.json")["incomplete"])
        self.assertFalse(self.json("run.json")["incomplete"])
        self.assertEqual(self.json("run.json")["exit_code"], 0)
        self.assertNotIn("INCOMPLETE", run.stdout)

    def test_wrong_flags_leave_nothing_behind(self):
        for flag, message in (
            ("--rounds=-1", "--rounds=-1: must be between 0 and"),
            ("--rounds=abc", "must be a whole number"),
            ("--seeds=-2", "--seeds=-2: must be between"),
            ("--round=1", "did you mean --rounds?"),
        ):
            run = self.run_program(flag)
            self.assertEqual(run.returncode, 1, flag)
            self.assertIn(message, run.stderr)
            self.assertFalse(os.path.exists(self.out), flag)

    def test_an_output_folder_that_cannot_be_written(self):
        blocker = os.path.join(self._folder.name, "file")
        with open(blocker, "w", encoding="utf-8"):
            pass
        run = self.run_program("--quick", out=blocker + "/sub")
        self.assertEqual(run.returncode, 1)
        self.assertIn("cannot write there", run.stderr)
        self.assertIn("name a folder that you may write to", run.stderr)

    def test_help_is_no_error(self):
        run = self.run_program("--help")
        self.assertEqual(run.returncode, 0)
        for text in ("--rounds=int64", "Exit codes", "claims.csv", "Examples"):
            self.assertIn(text, run.stdout)

    def test_without_matplotlib_results_are_written(self):
        package = os.path.join(self._folder.name, "python/matplotlib")
        os.makedirs(package)
        with open(package + "/__init__.py", "w", encoding="utf-8") as file:
            file.write("raise ImportError('not installed')\n")
        run = self.run_program(
            "--quick", environment={"PYTHONPATH": os.path.dirname(package)}
        )
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("apt-get install python3-matplotlib", run.stderr)
        self.assertIn("claims.csv", _files(self.out))
        self.assertIn("matplotlib is missing", self.json("run.json")["figures"])


if __name__ == "__main__":
    unittest.main()
