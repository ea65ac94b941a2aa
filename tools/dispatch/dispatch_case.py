"""What the tests of the dispatch command share: runs of it, and data."""

import os
import random
import struct
import subprocess
import tempfile
import unittest

PROGRAM = os.path.join(os.environ["TEST_SRCDIR"], "muster/tools/dispatch/dispatch")


def run(*arguments):
    """Returns (exit code, standard output, standard error)."""
    done = subprocess.run(
        [PROGRAM, *arguments], capture_output=True, text=True, timeout=100
    )
    return done.returncode, done.stdout, done.stderr


def blobs(rows, features=6, groups=4, seed=1):
    """Rows around `groups` corners, well apart: (label, values)."""
    rng = random.Random(seed)
    result = []
    for _ in range(rows):
        group = rng.randrange(groups)
        center = [10.0 * (group >> j & 1) for j in range(features)]
        values = [round(rng.gauss(c, 0.5), 4) for c in center]
        result.append((group, values))
    return result


def libsvm(rows):
    lines = []
    for label, values in rows:
        pairs = (f"{j + 1}:{v:g}" for j, v in enumerate(values) if v)
        lines.append(f"{label} " + " ".join(pairs) + "\n")
    return "".join(lines).encode()


def csv(rows):
    names = ",".join(f"x{j}" for j in range(len(rows[0][1])))
    lines = [f"label,{names}\n"]
    for label, values in rows:
        lines.append(f"{label}," + ",".join(f"{v:g}" for v in values) + "\n")
    return "".join(lines).encode()


def idx(sizes, content):
    header = struct.pack(">BBBB", 0, 0, 8, len(sizes))
    return header + struct.pack(f">{len(sizes)}I", *sizes) + content


def files(folder):
    result = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            with open(path, "rb") as file:
                result[os.path.relpath(path, folder)] = file.read()
    return result


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    def ok(self, *arguments):
        code, out, err = run(*arguments)
        self.assertEqual(code, 0, err)
        # Not a terminal: plain lines.
        self.assertNotIn("\r", err)
        self.assertNotIn("\x1b", err)
        return out

    def fails(self, message, *arguments, code=1):
        got, out, err = run(*arguments)
        self.assertEqual(got, code, err)
        self.assertIn(message, err)
        self.assertEqual(out, "")

    def fit(self, path, *flags, groups=4, name="a.router"):
        router = self.path(name)
        self.ok("fit", f"--input={path}", f"--groups={groups}", f"--out={router}", *flags)
        return router

    def assign(self, router, path, *flags, name="shards"):
        out = self.path(name)
        text = self.ok(
            "assign", f"--router={router}", f"--input={path}", f"--out={out}", *flags
        )
        self.assertIn("rows", text)
        return out

    def left(self):
        return sorted(os.listdir(self.folder))
