"""Runs clang-tidy over the C++ sources, in batches, and remembers results.

    ./bazelw run //tools/checks:tidy              # every library's sources
    ./bazelw run //tools/checks:tidy -- runtime   # those below a folder
    ./bazelw run //tools/checks:tidy -- --tests   # tests and benchmarks as well

Nearly all of clang-tidy's time goes into the headers of other libraries, so a
batch of sources is checked as one translation unit, in half the time. What a
batch says of a source may come from its neighbours, two helpers of one name for
example, so that source is then checked alone, and only this is reported.

A source is checked again only when it, a header of ours that it includes, the
configuration or clang-tidy itself changed: results are kept by a hash of all
these in $XDG_CACHE_HOME/muster/tidy. Exit code 1 when there is a finding.
"""

import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from tools.checks import build_file

# As in .bazelrc and tools/cc.bzl; Eigen's folder is what @eigen adds.
_FLAGS = [
    "-std=c++20",
    "-Wall",
    "-Wextra",
    "-DEIGEN_DONT_PARALLELIZE",
    "-isystem/usr/include/eigen3",
]
_INCLUDE = re.compile(r'^\s*#\s*include\s+"muster/([^"]+)"', re.MULTILINE)
_ABOUT = re.compile(r"^\S+:\d+:\d+: (error|warning|note): ")
_BATCH = 12
_NOISE = re.compile(r"^\d+ warnings? (generated|treated as error)|^Suppressed |^Use -")


def _closure(tree, file, seen):
    """Adds a source and all headers of ours that it reaches to `seen`."""
    if file in seen or not (tree.root / file).exists():
        return
    seen.add(file)
    for header in _INCLUDE.findall(tree.text(file)):
        _closure(tree, header, seen)


class Tidy:
    """Checks single sources of a tree."""

    def __init__(self, tree, program, prefix):
        self._tree = tree
        self._program = program
        self._prefix = prefix
        version = subprocess.run([program, "--version"], capture_output=True, check=True)
        config = tree.text(".clang-tidy").encode()
        self._setting = version.stdout + config + repr(_FLAGS).encode()
        cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
        self._cache = pathlib.Path(cache) / "muster" / "tidy"
        self._cache.mkdir(parents=True, exist_ok=True)

    def _mark(self, file):
        """Returns the file whose presence says that this source is clean."""
        files = set()
        _closure(self._tree, file, files)
        digest = hashlib.sha256(self._setting)
        for name in sorted(files):
            digest.update(name.encode() + b"\0" + self._tree.text(name).encode() + b"\0")
        return self._cache / digest.hexdigest()

    def is_remembered(self, file):
        return self._mark(file).exists()

    def _run(self, source, *options):
        """Returns clang-tidy's exit code and its lines about a translation unit."""
        command = [self._program, "--quiet", f"--config-file={self._tree.root}/.clang-tidy",
                   *options, str(source), "--", *_FLAGS, f"-I{self._prefix}"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self._tree.root)
        lines = (done.stdout + done.stderr).replace(f"{self._prefix}/muster/", "").splitlines()
        return done.returncode, [line for line in lines if not _NOISE.search(line)]

    def check(self, file):
        """Returns the findings in one source, as text."""
        code, lines = self._run(self._prefix / "muster" / file)
        if code == 0:
            self._mark(file).touch()
            return ""
        return "\n".join(lines) or f"clang-tidy failed with code {code}"

    def suspects(self, files):
        """Checks a batch as one unit; returns the sources to be checked alone."""
        with tempfile.NamedTemporaryFile("w", suffix=".cc", dir=self._prefix) as unit:
            for index, file in enumerate(files):
                unit.write(f'#define main main{index}\n#include "muster/{file}"\n#undef main\n')
            unit.flush()
            code, lines = self._run(unit.name, "--checks=-bugprone-suspicious-include")
        if code == 0:
            clean = set(files)
        else:
            # A line "FILE:1:2: error: ..." or "note: ..." names what it is about.
            named = {line.split(":", 1)[0] for line in lines if _ABOUT.match(line)}
            named &= set(self._tree.files)
            # A finding in a header may belong to any source of the batch.
            clean = set(files) - named if named and named <= set(files) else set()
        for file in clean:
            self._mark(file).touch()
        return [file for file in files if file not in clean]


def _wanted(file, arguments):
    if not file.endswith(".cc"):
        return False
    if not arguments.tests and file.endswith(("_test.cc", "_benchmark.cc")):
        return False
    folders = arguments.folders
    return not folders or any(file.startswith(folder.rstrip("/") + "/") or file == folder
                              for folder in folders)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="*", help="only below these folders")
    parser.add_argument("--tests", action="store_true", help="tests and benchmarks as well")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    program = shutil.which("clang-tidy")
    if not program:
        sys.exit("clang-tidy is not installed (Debian: apt-get install clang-tidy)")
    root = pathlib.Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", ".")).resolve()
    tree = build_file.Tree(root)
    files = [file for file in tree.files if _wanted(file, arguments)]
    failed = 0
    with tempfile.TemporaryDirectory() as prefix:
        (pathlib.Path(prefix) / "muster").symlink_to(root)
        tidy = Tidy(tree, program, pathlib.Path(prefix))
        stale = [file for file in files if not tidy.is_remembered(file)]
        # Neighbours in the list share a namespace: spread them over the batches.
        count = -(-len(stale) // _BATCH)
        batches = [stale[first::count] for first in range(count)]
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            suspects = [file for part in pool.map(tidy.suspects, batches) for file in part]
            for file, text in zip(suspects, pool.map(tidy.check, suspects)):
                if text:
                    failed += 1
                    print(f"{file}:\n{text}\n", flush=True)
    print(f"{len(files)} sources, {failed} with findings, {len(files) - len(stale)} remembered "
          f"as clean, {len(suspects)} checked alone")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
