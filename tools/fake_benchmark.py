"""Test support: programs that behave like Google Benchmark's, in this process.

Patch compare_benchmarks.call with FakePrograms().call: a comparison starts
hundreds of processes, which a test can do without.
"""

import json
import os
import random
import re
import stat


class FakePrograms:
    """Programs by path."""

    def __init__(self):
        self._run = {}
        self.calls = []  # (path, arguments)

    def add(self, path, times, noise=0.0, counters=None, errors=None, seed=0):
        """Adds a program with benchmarks {name: nanoseconds}; returns its path.

        noise: standard deviation of the logarithm of a time. counters:
        {name: {counter: value}}. errors: {name: message}.
        """
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8"):
            pass
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        rng = random.Random(seed)

        def entry(name):
            result = {"name": name, "run_name": name, "run_type": "iteration"}
            if name in (errors or {}):
                result.update(error_occurred=True, error_message=errors[name])
                return result
            value = times[name] * rng.lognormvariate(0, noise)
            result.update(cpu_time=value, real_time=value, time_unit="ns")
            result.update((counters or {}).get(name, {}))
            return result

        def run(flags):
            pattern = re.compile(flags.get("benchmark_filter", "."))
            names = [name for name in times if pattern.search(name)]
            if flags.get("benchmark_list_tests") == "true":
                return "\n".join(names)
            report = {"context": {"num_cpus": 2},
                      "benchmarks": [entry(name) for name in names]}
            with open(flags["benchmark_out"], "w", encoding="utf-8") as file:
                json.dump(report, file)
            return ""

        self._run[path] = run
        return path

    def call(self, command):
        """As compare_benchmarks.call."""
        self.calls.append((command[0], command[1:]))
        return self._run[command[0]](
            dict(argument[2:].split("=", 1) for argument in command[1:]))
