"""Compares two builds of Google Benchmark programs: did one become slower?

    compare_benchmarks BASE CHANGE [option...]

BASE and CHANGE are either two programs, which are then run interleaved, or two
JSON files that such programs wrote (--benchmark_out). Exit code: 0 if nothing
became worse, 1 if something did, 2 if the comparison could not be made.

Times. Two programs run every benchmark at least 9 times, in random order and
each time in both programs one right after the other, so that a change of the
machine's speed meets both. The figure is the median over the repetitions of
log(change / base); for two files, which are not paired, the difference of the
medians of log(time). Its noise is estimated from the median absolute deviation
(1.4826 MAD is the standard deviation of a normal law, 1.2533 / sqrt(n) of it
the standard error of a median). A benchmark is slower if the figure exceeds
both a floor (--threshold, --override) and --noise standard errors. What looks
slower is measured once more, twice as often, and those runs alone decide: among
hundreds of benchmarks a few exceed any limit once.

Exact counters. User counters whose name starts with "exact_" count work that
does not depend on the machine (events, messages, bytes, a checksum). They must
be equal in all repetitions of both builds; any difference fails.

A benchmark that fails in CHANGE, or that is missing there, counts as worse; one
that is new is reported.
"""

import argparse
import dataclasses
import json
import math
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time

MIN_REPETITIONS = 9
# Fewer samples than that say nothing about noise.
MIN_SAMPLES = 3
EXACT_PREFIX = "exact_"
NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


class ComparisonError(Exception):
    """The comparison cannot be made; the message says how to mend it."""


@dataclasses.dataclass
class Samples:
    """What is known of one benchmark in one build."""

    nanoseconds: list = dataclasses.field(default_factory=list)
    exact: dict = dataclasses.field(default_factory=dict)  # name -> values
    error: str = ""
    entries: list = dataclasses.field(default_factory=list)  # as reported


@dataclasses.dataclass
class Row:
    """The verdict on one benchmark."""

    name: str
    verdict: str  # same, faster, slower, exact, failed, missing, new, few
    base: float = math.nan  # median nanoseconds
    change: float = math.nan
    threshold: float = math.nan  # of change / base - 1
    note: str = ""

    @property
    def is_worse(self):
        return self.verdict in ("slower", "exact", "failed", "missing")


@dataclasses.dataclass
class Limits:
    """threshold: smallest relative change that counts; noise: in standard errors;
    overrides: (compiled pattern, threshold), the last match of a name wins."""

    threshold: float = 0.05
    noise: float = 4.0
    overrides: list = dataclasses.field(default_factory=list)

    def of(self, name):
        threshold = self.threshold
        for pattern, value in self.overrides:
            if pattern.search(name):
                threshold = value
        return threshold


def add_report(report, metric, samples):
    """Adds a Google Benchmark report (parsed JSON) to {name: Samples}."""
    for entry in report.get("benchmarks", []):
        if entry.get("run_type", "iteration") != "iteration":
            continue
        name = entry.get("run_name", entry["name"])
        mine = samples.setdefault(name, Samples())
        mine.entries.append(entry)
        if entry.get("error_occurred"):
            mine.error = entry.get("error_message") or "unknown error"
            continue
        value = float(entry[metric]) * NANOSECONDS[entry["time_unit"]]
        mine.nanoseconds.append(value)
        for key, counter in entry.items():
            if key.startswith(EXACT_PREFIX):
                mine.exact.setdefault(key, []).append(counter)


def read_report(path, metric):
    """Reads a JSON file into {name: Samples}."""
    samples = {}
    try:
        with open(path, encoding="utf-8") as file:
            add_report(json.load(file), metric, samples)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ComparisonError(
            f"{path}: not a report of Google Benchmark ({error!r}); write one "
            "with --benchmark_out=FILE --benchmark_out_format=json") from error
    if not samples:
        raise ComparisonError(
            f"{path}: holds no single runs; run the benchmarks without "
            "--benchmark_report_aggregates_only")
    return samples


def write_report(path, samples, context):
    """Writes {name: Samples} as a report that read_report() reads. Atomic."""
    entries = [dict(entry, repetition_index=i)
               for mine in samples.values()
               for i, entry in enumerate(mine.entries)]
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump({"context": context, "benchmarks": entries}, file, indent=1)
        file.write("\n")
    os.replace(path + ".new", path)


def filter_of(name):
    """A pattern that Google Benchmark matches with `name` only."""
    return "^" + re.sub(r"([][.{}()\\*+?^$|])", r"\\\1", name) + "$"


def call(command):
    """Runs a program; its standard output. Raises ComparisonError."""
    try:
        done = subprocess.run(command, capture_output=True, text=True,
                              check=False)
    except OSError as error:
        raise ComparisonError(f"{command[0]}: cannot run: {error}") from error
    if done.returncode != 0:
        raise ComparisonError(
            f"{' '.join(command)}: exit code {done.returncode}: "
            f"{done.stderr.strip()[-2000:]}")
    return done.stdout


def list_names(command, pattern):
    """The names of a program's benchmarks that match `pattern`."""
    output = call(command + ["--benchmark_list_tests=true",
                             f"--benchmark_filter={pattern}"])
    return [line for line in output.splitlines()
            if line.strip() and not line.startswith("Failed to match")]


def run_once(command, name, min_time, metric, samples):
    """Runs one benchmark of a program and adds what it measured to `samples`."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "report.json")
        call(command + [f"--benchmark_filter={filter_of(name)}",
                        f"--benchmark_min_time={min_time}",
                        f"--benchmark_out={path}",
                        "--benchmark_out_format=json"])
        with open(path, encoding="utf-8") as file:
            add_report(json.load(file), metric, samples)


class Progress:
    """A line of progress on the standard error: share, time left, what runs."""

    def __init__(self, total, stream=None):
        self.total, self.done = total, 0
        self.stream = sys.stderr if stream is None else stream
        self.start = self.printed = time.monotonic()

    def step(self, what):
        self.done += 1
        now = time.monotonic()
        tty = self.stream.isatty()
        if self.done < self.total and now - self.printed < (0.2 if tty else 20):
            return
        self.printed = now
        left = (now - self.start) / self.done * (self.total - self.done)
        text = f"[{self.done}/{self.total}] {left:.0f} s left  {what}"
        self.stream.write(f"\r{text[:78]:<78}" if tty else text + "\n")
        if tty and self.done == self.total:
            self.stream.write("\n")
        self.stream.flush()


def run_interleaved(commands, pattern, repetitions, min_time, metric, seed,
                    stream=None):
    """Runs the benchmarks of several builds of a program, interleaved.

    commands: a list (program and arguments) per build. Returns a list of
    {name: Samples}, one per build; sample i of a name was taken at nearly the
    same time in every build that has the name.
    """
    order = random.Random(seed)
    have = [list_names(command, pattern) for command in commands]
    names = list(dict.fromkeys(name for names in have for name in names))
    if not names:
        raise ComparisonError(
            f"{commands[0][0]}: no benchmark matches --filter={pattern}")
    results = [{} for _ in commands]
    progress = Progress(repetitions * len(names), stream)
    for _ in range(repetitions):
        order.shuffle(names)
        for name in names:
            builds = [i for i in range(len(commands)) if name in have[i]]
            order.shuffle(builds)
            for i in builds:
                run_once(commands[i], name, min_time, metric, results[i])
            progress.step(name)
    # In the order of the program, not of the last shuffle.
    return [{name: result[name] for name in names if name in result}
            for names, result in zip(have, results)]


def median_and_error(values):
    """The median and its standard error from the median absolute deviation."""
    middle = statistics.median(values)
    deviation = statistics.median(abs(value - middle) for value in values)
    return middle, 1.4826 * deviation * 1.2533 / math.sqrt(len(values))


def log_ratio(base, change, paired):
    """log(change / base) of the times and its standard error."""
    base = [math.log(max(value, 1e-9)) for value in base]
    change = [math.log(max(value, 1e-9)) for value in change]
    if paired and len(base) == len(change):
        return median_and_error([c - b for b, c in zip(base, change)])
    b, b_error = median_and_error(base)
    c, c_error = median_and_error(change)
    return c - b, math.hypot(b_error, c_error)


def exact_difference(base, change):
    """Says how exact counters differ, or nothing."""
    for name in sorted(base.exact | change.exact):
        values = [base.exact.get(name, []), change.exact.get(name, [])]
        if not values[0]:
            continue  # a new counter
        if not values[1]:
            return f"{name} is missing in the change"
        distinct = [sorted(set(side)) for side in values]
        if len(distinct[0]) > 1:
            return f"{name} varies within the base: {distinct[0]}"
        if distinct[0] != distinct[1]:
            return f"{name}: {distinct[0]} in the base, {distinct[1]} in the change"
    return ""


def judge(name, base, change, limits, paired):
    """The Row of a benchmark; base or change is None if it does not exist."""
    if base is None:
        return Row(name, "new")
    if change is None:
        return Row(name, "missing", note="in the base, but not in the change")
    row = Row(name, "same")
    if base.nanoseconds:
        row.base = statistics.median(base.nanoseconds)
    if change.nanoseconds:
        row.change = statistics.median(change.nanoseconds)
    if change.error:
        row.verdict, row.note = "failed", change.error
        return row
    row.note = exact_difference(base, change)
    if row.note:
        row.verdict = "exact"
        return row
    if base.error:
        row.verdict, row.note = "new", f"the base failed: {base.error}"
        return row
    if min(len(base.nanoseconds), len(change.nanoseconds)) < MIN_SAMPLES:
        row.verdict = "few"
        row.note = f"fewer than {MIN_SAMPLES} samples: the time is not judged"
        return row
    figure, error = log_ratio(base.nanoseconds, change.nanoseconds, paired)
    row.change = row.base * math.exp(figure)
    row.threshold = max(limits.of(name), math.expm1(limits.noise * error))
    if figure > math.log1p(row.threshold):
        row.verdict = "slower"
    elif figure < -math.log1p(row.threshold):
        row.verdict = "faster"
    return row


def compare(base, change, limits, paired):
    """Rows for two {name: Samples}, in the order of the base, then the new."""
    names = list(dict.fromkeys(list(base) + list(change)))
    return [judge(name, base.get(name), change.get(name), limits, paired)
            for name in names]


def format_time(nanoseconds):
    if math.isnan(nanoseconds):
        return "-"
    for unit in ("s", "ms", "us"):
        if nanoseconds >= NANOSECONDS[unit]:
            return f"{nanoseconds / NANOSECONDS[unit]:.4g} {unit}"
    return f"{nanoseconds:.4g} ns"


def print_rows(rows, stream=None):
    """The table, worst last, and the summary line."""
    stream = sys.stdout if stream is None else stream
    width = max([len(row.name) for row in rows] + [len("benchmark")])
    print(f"{'benchmark':<{width}} {'base':>10} {'change':>10} {'ratio':>7} "
          f"{'limit':>7}  verdict", file=stream)
    for row in sorted(rows, key=lambda row: row.is_worse):
        ratio = "-" if math.isnan(row.change / row.base) else (
            f"{row.change / row.base:.3f}")
        limit = "-" if math.isnan(row.threshold) else f"{1 + row.threshold:.3f}"
        verdict = row.verdict.upper() if row.is_worse else row.verdict
        note = f": {row.note}" if row.note else ""
        print(f"{row.name:<{width}} {format_time(row.base):>10} "
              f"{format_time(row.change):>10} {ratio:>7} {limit:>7}  "
              f"{verdict}{note}", file=stream)
    count = {}
    for row in rows:
        count[row.verdict] = count.get(row.verdict, 0) + 1
    print(", ".join(f"{count[verdict]} {verdict}" for verdict in sorted(count)),
          file=stream)


def parse_override(text):
    pattern, separator, value = text.rpartition("=")
    try:
        threshold = float(value)
        if not separator or not 0 <= threshold < math.inf:
            raise ValueError
        return re.compile(pattern), threshold
    except (ValueError, re.error) as error:
        raise argparse.ArgumentTypeError(
            f'"{text}" must be PATTERN=THRESHOLD, for instance '
            '"BM_Hold.*/1000$=0.1"') from error


def parse_repetitions(text):
    if not text.isdecimal() or int(text) < MIN_REPETITIONS:
        raise argparse.ArgumentTypeError(
            f'"{text}" must be a whole number of at least {MIN_REPETITIONS}: '
            "medians of fewer are noise")
    return int(text)


def parse_positive(text):
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f'"{text}" must be a positive number')
    return value


def add_options(parser):
    """The options that //benchmarks:regression shares."""
    parser.add_argument("--filter", default=".", metavar="REGEX",
                        help="only benchmarks whose name matches")
    parser.add_argument("--repetitions", type=parse_repetitions,
                        default=MIN_REPETITIONS, metavar="N",
                        help="runs of each benchmark per build, at least "
                        "%(default)s (default: %(default)s)")
    parser.add_argument("--min_time", type=parse_positive, default=0.05,
                        metavar="SECONDS", help="time of one run, about "
                        "(default: %(default)s)")
    parser.add_argument("--metric", choices=["cpu_time", "real_time"],
                        default="cpu_time",
                        help="what is compared (default: %(default)s)")
    parser.add_argument("--threshold", type=parse_positive, default=0.05,
                        metavar="SHARE", help="smaller relative changes do not "
                        "count (default: %(default)s)")
    parser.add_argument("--noise", type=parse_positive, default=4.0,
                        metavar="K", help="changes within K standard errors do "
                        "not count (default: %(default)s)")
    parser.add_argument("--override", type=parse_override, action="append",
                        default=[], metavar="REGEX=SHARE",
                        help="another threshold for matching benchmarks; may be "
                        "repeated, the last match counts")
    parser.add_argument("--seed", type=int, default=1,
                        help="of the order of runs (default: %(default)s)")


def limits_of(options):
    return Limits(options.threshold, options.noise, options.override)


def compare_commands(base, change, options, stream=None):
    """Runs two builds (program and arguments each) interleaved.

    Returns (rows, [samples of the base, samples of the change]).
    """
    limits = limits_of(options)

    def run(pattern, repetitions, seed):
        return run_interleaved([base, change], pattern, repetitions,
                               options.min_time, options.metric, seed, stream)

    samples = run(options.filter, options.repetitions, options.seed)
    rows = compare(*samples, limits, paired=True)
    suspects = [row.name for row in rows if row.verdict == "slower"]
    if suspects:
        pattern = "|".join(filter_of(name) for name in suspects)
        again = run(pattern, 2 * options.repetitions, options.seed + 1)
        for build, fresh in zip(samples, again):
            build.update(fresh)
        rows = compare(*samples, limits, paired=True)
    return rows, samples


def compare_paths(options):
    """Rows for options.base and options.change."""
    paths = [options.base, options.change]
    for path in paths:
        if not os.path.isfile(path):
            raise ComparisonError(f"{path}: no such file")
    programs = [os.access(path, os.X_OK) for path in paths]
    if programs[0] != programs[1]:
        raise ComparisonError(
            f"{paths[0]} and {paths[1]}: one is a program, the other is not; "
            "give two programs or two JSON files")
    if not programs[0]:
        base, change = (read_report(path, options.metric) for path in paths)
        return compare(base, change, limits_of(options), paired=False)
    commands = [[os.path.abspath(path)] + options.arg for path in paths]
    rows, _ = compare_commands(*commands, options)
    return rows


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="compare_benchmarks", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", help="program or JSON file")
    parser.add_argument("change", help="program or JSON file")
    parser.add_argument("--arg", action="append", default=[], metavar="ARGUMENT",
                        help="passed to both programs; may be repeated")
    add_options(parser)
    options = parser.parse_args(arguments)
    try:
        rows = compare_paths(options)
    except ComparisonError as error:
        print(f"compare_benchmarks: {error}", file=sys.stderr)
        return 2
    print_rows(rows)
    return 1 if any(row.is_worse for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
