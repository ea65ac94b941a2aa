"""A change that is slower must be found, noise must not."""

import contextlib
import io
import json
import os
import random
import tempfile
import unittest
from unittest import mock

from tools import compare_benchmarks
from tools import fake_benchmark

NAMES = [f"BM_Thing/{i}" for i in range(20)]
TIMES = {name: 100.0 * (i + 1) for i, name in enumerate(NAMES)}


class CompareBenchmarksTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.programs = fake_benchmark.FakePrograms()
        patch = mock.patch.object(compare_benchmarks, "call", self.programs.call)
        patch.start()
        self.addCleanup(patch.stop)

    def program(self, name, times, **kwargs):
        return self.programs.add(os.path.join(self.folder, name), times, **kwargs)

    def run_main(self, *arguments):
        """Returns (exit code, standard output, standard error)."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = compare_benchmarks.main(list(arguments))
            except SystemExit as exit_:
                code = exit_.code
        return code, out.getvalue(), err.getvalue()

    def test_equal_programs_pass(self):
        base = self.program("base", TIMES)
        change = self.program("change", TIMES)
        code, out, _ = self.run_main(base, change)
        self.assertEqual(code, 0)
        self.assertIn("20 same", out)

    def test_runs_alternate_in_random_order(self):
        base = self.program("base", TIMES)
        change = self.program("change", TIMES)
        self.run_main(base, change, "--arg=--laws=x")
        runs = [(path, arguments[1]) for path, arguments in self.programs.calls
                if len(arguments) > 3]
        self.assertEqual(len(runs), 2 * 9 * len(NAMES))
        # Each benchmark of the base is next to the same one of the change.
        for first, second in zip(runs[::2], runs[1::2]):
            self.assertEqual({first[0], second[0]}, {base, change})
            self.assertEqual(first[1], second[1])
        starts = [path for path, _ in runs[::2]]
        self.assertGreater(starts.count(base), 50)
        self.assertGreater(starts.count(change), 50)
        self.assertTrue(all(arguments[0] == "--laws=x"
                            for _, arguments in self.programs.calls))

    def test_slower_benchmark_is_found_in_noise(self):
        slow = dict(TIMES)
        slow["BM_Thing/7"] *= 1.3
        base = self.program("base", TIMES, noise=0.05, seed=1)
        change = self.program("change", slow, noise=0.05, seed=2)
        code, out, _ = self.run_main(base, change)
        self.assertEqual(code, 1)
        worse = [line for line in out.splitlines() if "SLOWER" in line]
        self.assertEqual(len(worse), 1)
        self.assertIn("BM_Thing/7 ", worse[0])

    def test_noise_alone_passes(self):
        # 20 benchmarks, a standard deviation of 10 %: changes of medians beyond
        # the floor of 5 % are sure to occur, and are within the noise.
        base = self.program("base", TIMES, noise=0.1, seed=3)
        change = self.program("change", TIMES, noise=0.1, seed=4)
        code, out, _ = self.run_main(base, change, "--noise=6")
        self.assertEqual(code, 0, out)
        ratios = [float(line.split()[5]) for line in out.splitlines()
                  if line.startswith("BM_")]
        self.assertGreater(max(abs(ratio - 1) for ratio in ratios), 0.05)

    def test_false_alarms_are_rare(self):
        # judge() over 4000 pairs of 9 samples of the same law; a MAD of 9
        # samples is itself noisy, so 4 standard errors are fewer than they seem.
        rng = random.Random(5)
        limits = compare_benchmarks.Limits(threshold=0.0)

        def samples():
            return compare_benchmarks.Samples(
                [100 * rng.lognormvariate(0, 0.03) for _ in range(9)])

        alarms = sum(
            compare_benchmarks.judge("x", samples(), samples(), limits,
                                     True).verdict == "slower"
            for _ in range(4000))
        self.assertLess(alarms, 4000 * 0.01)

    def test_common_drift_cancels_in_pairs(self):
        # The machine slows down by 3 x during the run; the change costs 10 %.
        drift = [100 * 1.15 ** i for i in range(9)]
        base = compare_benchmarks.Samples(drift)
        change = compare_benchmarks.Samples([1.1 * value for value in drift])
        limits = compare_benchmarks.Limits()
        paired = compare_benchmarks.judge("x", base, change, limits, True)
        self.assertEqual(paired.verdict, "slower")
        unpaired = compare_benchmarks.judge("x", base, change, limits, False)
        self.assertEqual(unpaired.verdict, "same")

    def test_faster_is_reported_and_passes(self):
        fast = {name: value / 2 for name, value in TIMES.items()}
        code, out, _ = self.run_main(self.program("base", TIMES),
                                     self.program("change", fast))
        self.assertEqual(code, 0)
        self.assertIn("20 faster", out)

    def test_override_replaces_the_threshold(self):
        slow = dict(TIMES)
        slow["BM_Thing/3"] *= 1.2
        base = self.program("base", TIMES)
        change = self.program("change", slow)
        code, _, _ = self.run_main(base, change)
        self.assertEqual(code, 1)
        code, _, _ = self.run_main(base, change, "--override=/3$=0.3")
        self.assertEqual(code, 0)
        code, _, _ = self.run_main(base, change, "--override=/3$=0.3",
                                   "--override=Thing/3=0.1")
        self.assertEqual(code, 1)

    def test_exact_counters_are_a_gate(self):
        name = NAMES[0]
        base = self.program("base", TIMES, counters={name: {"exact_sum": 7,
                                                            "other": 1}})
        same = self.program("same", TIMES, counters={name: {"exact_sum": 7,
                                                            "other": 2}})
        off = self.program("off", TIMES, counters={name: {"exact_sum": 8}})
        gone = self.program("gone", TIMES)
        self.assertEqual(self.run_main(base, same)[0], 0)
        code, out, _ = self.run_main(base, off)
        self.assertEqual(code, 1)
        self.assertIn("EXACT: exact_sum: [7] in the base, [8]", out)
        code, out, _ = self.run_main(base, gone)
        self.assertEqual(code, 1)
        self.assertIn("exact_sum is missing", out)
        self.assertEqual(self.run_main(gone, base)[0], 0)

    def test_missing_and_failed_benchmarks_are_worse_new_ones_are_not(self):
        fewer = {name: TIMES[name] for name in NAMES[1:]}
        base = self.program("base", TIMES)
        change = self.program("change", fewer)
        code, out, _ = self.run_main(base, change)
        self.assertEqual(code, 1)
        self.assertIn("MISSING", out)
        code, out, _ = self.run_main(change, base)
        self.assertEqual(code, 0)
        self.assertIn("1 new", out)
        failing = self.program("failing", TIMES, errors={NAMES[2]: "sum is off"})
        code, out, _ = self.run_main(base, failing)
        self.assertEqual(code, 1)
        self.assertIn("FAILED: sum is off", out)

    def test_filter_chooses_benchmarks(self):
        base = self.program("base", TIMES)
        code, out, _ = self.run_main(base, base, "--filter=Thing/1$")
        self.assertEqual(code, 0)
        self.assertIn("1 same", out)
        code, _, err = self.run_main(base, base, "--filter=Nothing")
        self.assertEqual(code, 2)
        self.assertIn("no benchmark matches", err)

    def test_failing_program_is_named(self):
        mock.patch.stopall()
        path = os.path.join(self.folder, "failing")
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho broken >&2\nexit 3\n")
        os.chmod(path, 0o755)
        code, _, err = self.run_main(path, path)
        self.assertEqual(code, 2)
        self.assertIn("exit code 3: broken", err)

    def write_report(self, name, entries):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"benchmarks": entries}, file)
        return path

    def test_files_are_compared(self):
        def entries(value, unit, number=9):
            return [{"name": "BM_A", "run_type": "iteration", "cpu_time": value,
                     "real_time": value, "time_unit": unit}] * number
        base = self.write_report("base.json", entries(1.0, "us"))
        same = self.write_report("same.json", entries(1000.0, "ns"))
        slow = self.write_report("slow.json", entries(1.2, "us"))
        few = self.write_report("few.json", entries(1.2, "us", number=1))
        self.assertEqual(self.run_main(base, same)[0], 0)
        self.assertEqual(self.run_main(base, slow)[0], 1)
        code, out, _ = self.run_main(base, few)
        self.assertEqual(code, 0)
        self.assertIn("fewer than 3 samples", out)

    def test_wrong_input_is_named(self):
        base = self.program("base", TIMES)
        broken = os.path.join(self.folder, "broken.json")
        with open(broken, "w", encoding="utf-8") as file:
            file.write("{")
        aggregates = self.write_report("aggregates.json", [
            {"name": "BM_A_median", "run_type": "aggregate", "cpu_time": 1}])
        for arguments, message in [
                ((broken, broken), "broken.json: not a report"),
                ((aggregates, aggregates), "holds no single runs"),
                ((base, broken), "one is a program"),
                ((base, base + "x"), "no such file"),
                ((base, base, "--repetitions=8"), "at least 9"),
                ((base, base, "--override=x"), "PATTERN=THRESHOLD"),
                ((base, base, "--threshold=-1"), "positive number")]:
            code, _, err = self.run_main(*arguments)
            self.assertEqual(code, 2, arguments)
            self.assertIn(message, err)

    def test_names_are_matched_literally(self):
        times = {"BM_A<int>/x:1.5+(2)": 10.0, "BM_A<int>/x:1.5+(2)b": 20.0}
        base = self.program("base", times)
        code, out, _ = self.run_main(base, base)
        self.assertEqual(code, 0)
        self.assertIn("2 same", out)
        self.assertIn("20 ns", out)


if __name__ == "__main__":
    unittest.main()
