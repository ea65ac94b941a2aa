"""Runs the microbenchmarks of the tree, stores them, and compares two builds.

    bazel run //benchmarks:regression                    # run and store
    bazel run //benchmarks:regression -- --base=main     # this tree against main
    bazel run //benchmarks:regression -- --base=DIR      # see below

--base is what to compare with:
  a commit, branch or tag: it is checked out beside the cache, built with
      ./bazelw, and run interleaved with this build;
  a folder of programs (a checkout, or its bazel-bin): run interleaved;
  a folder that an earlier run stored (--out): compared with its figures. The
      machine may have changed since, so prefer the other two.

Exit code: 0 if nothing became worse, 1 if something did, 2 if the comparison
could not be made. What "worse" means: //tools:compare_benchmarks -- --help.
"""

import argparse
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys

from tools import compare_benchmarks

ComparisonError = compare_benchmarks.ComparisonError


def cache_folder():
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(
        os.path.expanduser("~"), ".cache")
    return os.path.join(home, "muster")


def machine():
    """A name for this kind of machine: processor and number of cores."""
    model = platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = re.search(r"^model name\s*:\s*(.*)$", file.read(),
                              re.MULTILINE).group(1)
    except (OSError, AttributeError):
        pass
    slug = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")
    return f"{slug}-{os.cpu_count()}cpu"


def git(*arguments):
    """The output of git in the workspace; nothing if it fails or is not there."""
    if not shutil.which("git"):
        return ""
    done = subprocess.run(
        ["git", "-C", os.environ.get("BUILD_WORKSPACE_DIRECTORY", ".")]
        + list(arguments), capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def commit():
    """The commit of the workspace, with a mark if it was changed."""
    name = git("rev-parse", "--short=12", "HEAD") or "unknown"
    return name + ("-changed" if git("status", "--porcelain") else "")


def report_name(program):
    """The file that stores the program at path `package/name`."""
    return program.replace("/", "_") + ".json"


class Builds:
    """Where the programs of the base are, or its stored figures."""

    def __init__(self, base, programs):
        self.folder, self.reports = None, None
        path = os.path.join(os.environ.get("BUILD_WORKING_DIRECTORY", "."), base)
        if not os.path.isdir(path):
            path = build_commit(base, programs)
        for folder in (path, os.path.join(path, "bazel-bin")):
            if any(os.path.isfile(os.path.join(folder, p)) for p in programs):
                self.folder = folder
                return
        if any(name.endswith(".json") for name in os.listdir(path)):
            self.reports = path
            return
        raise ComparisonError(
            f"--base={base}: has none of the programs ({programs[0]}, ...) and "
            "no stored figures; build them there, or give a commit")

    def program(self, program):
        """The path of the base's program; None if it has none."""
        path = os.path.join(self.folder, program)
        return os.path.abspath(path) if os.path.isfile(path) else None

    def report(self, program, metric):
        path = os.path.join(self.reports, report_name(program))
        if not os.path.isfile(path):
            return {}
        return compare_benchmarks.read_report(path, metric)


def build_commit(name, programs):
    """Builds the programs of a commit in a checkout of its own; its path."""
    sha = git("rev-parse", "--verify", "--quiet", name + "^{commit}")
    if not sha:
        raise ComparisonError(
            f"--base={name}: neither a folder nor a commit of this repository" +
            ("" if shutil.which("git") else "; git is not installed"))
    folder = os.path.join(cache_folder(), "regression", sha[:12])
    if not os.path.isdir(folder):
        git("worktree", "prune")
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        git("worktree", "add", "--detach", folder, sha)
        if not os.path.isdir(folder):
            raise ComparisonError(f"--base={name}: git cannot check it out to "
                                  f"{folder}")
    print(f"building {sha[:12]} in {folder}", file=sys.stderr)
    # The checkout has a Bazel server of its own, which need not stay.
    bazel = [os.path.join(folder, "bazelw"), "--max_idle_secs=30"]
    targets = {p: "//{}:{}".format(*os.path.split(p)) for p in programs}
    subprocess.run(bazel + ["build", "--keep_going"] + list(targets.values()),
                   cwd=folder, check=False)
    for program, target in targets.items():
        if os.path.isfile(os.path.join(folder, "bazel-bin", program)):
            continue
        # Programs that this commit does not have yet are left out.
        query = subprocess.run(bazel + ["query", target], cwd=folder,
                               capture_output=True, check=False)
        if query.returncode == 0:
            raise ComparisonError(f"--base={name}: {target} does not build in "
                                  f"{folder} (why is above)")
    return folder


def print_medians(samples):
    for name, mine in samples.items():
        if mine.error:
            print(f"{name}: FAILED: {mine.error}")
            continue
        middle, error = compare_benchmarks.median_and_error(mine.nanoseconds)
        print(f"{name}: {compare_benchmarks.format_time(middle)} "
              f"+- {100 * error / middle:.1f} %")


def run_program(program, arguments, builds, options, context):
    """Runs one program, stores it, returns its rows (none without a base)."""
    change = [os.path.abspath(program)] + arguments
    base_path = builds and builds.folder and builds.program(program)
    if base_path:
        rows, (base, samples) = compare_benchmarks.compare_commands(
            [base_path] + arguments, change, options)
        folder = os.path.join(options.out, "base")
        os.makedirs(folder, exist_ok=True)
        compare_benchmarks.write_report(
            os.path.join(folder, report_name(program)), base,
            dict(context, commit=options.base))
    else:
        samples, = compare_benchmarks.run_interleaved(
            [change], options.filter, options.repetitions, options.min_time,
            options.metric, options.seed)
        base = builds.report(program, options.metric) if builds and (
            builds.reports) else {}
        pattern = re.compile(options.filter)
        base = {name: b for name, b in base.items() if pattern.search(name)}
        rows = compare_benchmarks.compare(
            base, samples, compare_benchmarks.limits_of(options), paired=False)
        if not builds:
            print_medians(samples)
    compare_benchmarks.write_report(
        os.path.join(options.out, report_name(program)), samples, context)
    failed = any(mine.error for mine in samples.values())
    return rows if builds else [row for row in rows if failed]


def run_all(programs, options):
    """Runs the programs; returns whether something became worse."""
    # Those of the filter: a base that is a commit builds no others.
    programs = {
        program: arguments for program, arguments in programs.items()
        if compare_benchmarks.list_names(
            [os.path.abspath(program)] + arguments, options.filter)}
    if not programs:
        raise ComparisonError(f"no benchmark matches --filter={options.filter}")
    builds = Builds(options.base, list(programs)) if options.base else None
    if builds and builds.reports:
        print("comparing with stored figures: not interleaved", file=sys.stderr)
    context = {"commit": commit(), "machine": machine(),
               "host_name": platform.node(), "num_cpus": os.cpu_count()}
    rows = []
    for program, arguments in programs.items():
        print(f"== {program}", file=sys.stderr)
        rows += run_program(program, arguments, builds, options, context)
    print(f"stored in {options.out}", file=sys.stderr)
    if builds:
        compare_benchmarks.print_rows(rows)
        return any(row.is_worse for row in rows)
    return bool(rows)


class AddProgram(argparse.Action):
    """--program=PATH starts the next program's entry."""

    def __call__(self, parser, namespace, value, option_string=None):
        programs = getattr(namespace, self.dest) or {}
        if option_string == "--program":
            programs[value] = []
        else:
            programs[next(reversed(programs))].append(value)
        setattr(namespace, self.dest, programs)


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="regression", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="", metavar="WHAT",
                        help="a commit, or a folder of programs or of figures")
    parser.add_argument("--out", default="", metavar="DIR",
                        help="where the figures are stored, a JSON file per "
                        "program (default: baselines/<machine>/<commit> in "
                        f"{cache_folder()})")
    compare_benchmarks.add_options(parser)
    # Given by the build rule.
    for flag in ("--program", "--program_arg"):
        parser.add_argument(flag, action=AddProgram, dest="programs",
                            help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.out:
        options.out = os.path.join(
            os.environ.get("BUILD_WORKING_DIRECTORY", "."), options.out)
    else:
        options.out = os.path.join(cache_folder(), "baselines", machine(),
                                   commit())
    return options


def main(arguments=None):
    options = parse(arguments)
    try:
        try:
            os.makedirs(options.out, exist_ok=True)
        except OSError as error:
            raise ComparisonError(
                f"--out={options.out}: cannot write there: {error}") from error
        worse = run_all(options.programs or {}, options)
    except ComparisonError as error:
        print(f"regression: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("regression: interrupted", file=sys.stderr)
        return 130
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
