"""Checks what a formatter does not: sizes, guards, paths of one machine.

Exceptions are lines of size_exceptions.txt: a file and its allowed lines.
"""

import re

from tools.checks import check

MAX_LINES = 500
MAX_HEADER_CODE_LINES = 200
_EXCEPTIONS = "tools/checks/size_exceptions.txt"
_TEXT = (".h", ".cc", ".inc", ".py", ".sh", ".bzl", ".md", ".txt", ".tpl", "BUILD")
_CODE = (".h", ".cc", ".inc", ".py", ".sh", ".bzl")
# A folder that exists on its author's machine only.
_MACHINE_PATH = re.compile(r"(?<![\w.}*])/(home|root|work|Users|mnt|media)/\w")
_UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
_BLOCK_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def _exceptions(tree):
    allowed = {}
    if _EXCEPTIONS in tree.files:
        for line in tree.text(_EXCEPTIONS).splitlines():
            if line.strip() and not line.startswith("#"):
                file, lines = line.split()
                allowed[file] = int(lines)
    return allowed


def _code_lines(text):
    """Counts the lines of C++ that are neither blank nor only a comment."""
    lines = (line.strip() for line in _BLOCK_COMMENT.sub("", text).splitlines())
    return sum(1 for line in lines if line and not line.startswith("//"))


def _guard(file):
    return "MUSTER_" + re.sub(r"[^A-Z0-9]", "_", file.upper()) + "_"


def _check_sizes(file, text, allowed):
    lines = text.count("\n")
    if file.endswith(_CODE) and lines > allowed.get(file, MAX_LINES):
        yield f"{file}: {lines} lines; a file has at most {MAX_LINES}"
    if file.endswith(".h") and file not in allowed:
        code_lines = _code_lines(text)
        if code_lines > MAX_HEADER_CODE_LINES:
            yield (
                f"{file}: {code_lines} lines of code; a header has at most "
                f"{MAX_HEADER_CODE_LINES}"
            )


def _check_header_guard(file, text):
    guard = _guard(file)
    if f"#ifndef {guard}\n#define {guard}\n" not in text:
        yield f"{file}: the guard must be {guard}"


def _check_own_header_first(file, text, files):
    own = file[: -len(".cc")] + ".h"
    first = re.search(r'^#include\s+["<]([^">]+)[">]', text, re.MULTILINE)
    if own in files and first and first.group(1) != f"muster/{own}":
        yield f'{file}: the first include must be "muster/{own}"'


def findings(tree):
    allowed = _exceptions(tree)
    files = set(tree.files)
    for file in allowed:
        if file not in files:
            yield f"{_EXCEPTIONS}: {file} does not exist"
    for file in tree.files:
        if not file.endswith(_TEXT):
            continue
        text = tree.text(file)
        yield from _check_sizes(file, text, allowed)
        if file.endswith(".h"):
            yield from _check_header_guard(file, text)
        if file.endswith(".cc"):
            yield from _check_own_header_first(file, text, files)
        for number, line in enumerate(text.splitlines(), 1):
            if _MACHINE_PATH.search(line):
                yield f"{file}:{number}: a path of one machine: {line.strip()}"
            if file.endswith(_CODE) and _UNFINISHED.search(line):
                yield f"{file}:{number}: unfinished: {line.strip()}"


if __name__ == "__main__":
    check.main(findings)
