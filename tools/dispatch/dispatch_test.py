"""Runs the dispatch command as a user does: fit, assign, stats, and mistakes."""

import gzip
import json
import os
import random
import signal
import struct
import subprocess
import tempfile
import threading
import time
import unittest

_PROGRAM = os.path.join(os.environ["TEST_SRCDIR"], "muster/tools/dispatch/dispatch")


def _run(*arguments):
    """Returns (exit code, standard output, standard error)."""
    done = subprocess.run(
        [_PROGRAM, *arguments], capture_output=True, text=True, timeout=100
    )
    return done.returncode, done.stdout, done.stderr


def _blobs(rows, features=6, groups=4, seed=1):
    """Rows around `groups` corners, well apart: (label, values)."""
    rng = random.Random(seed)
    result = []
    for _ in range(rows):
        group = rng.randrange(groups)
        center = [10.0 * (group >> j & 1) for j in range(features)]
        values = [round(rng.gauss(c, 0.5), 4) for c in center]
        result.append((group, values))
    return result


def _libsvm(rows):
    lines = []
    for label, values in rows:
        pairs = (f"{j + 1}:{v:g}" for j, v in enumerate(values) if v)
        lines.append(f"{label} " + " ".join(pairs) + "\n")
    return "".join(lines).encode()


def _csv(rows):
    names = ",".join(f"x{j}" for j in range(len(rows[0][1])))
    lines = [f"label,{names}\n"]
    for label, values in rows:
        lines.append(f"{label}," + ",".join(f"{v:g}" for v in values) + "\n")
    return "".join(lines).encode()


def _idx(sizes, content):
    header = struct.pack(">BBBB", 0, 0, 8, len(sizes))
    return header + struct.pack(f">{len(sizes)}I", *sizes) + content


def _files(folder):
    result = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            with open(path, "rb") as file:
                result[os.path.relpath(path, folder)] = file.read()
    return result


class _Case(unittest.TestCase):
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
        code, out, err = _run(*arguments)
        self.assertEqual(code, 0, err)
        # Not a terminal: plain lines.
        self.assertNotIn("\r", err)
        self.assertNotIn("\x1b", err)
        return out

    def fails(self, message, *arguments, code=1):
        got, out, err = _run(*arguments)
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


class WholeTest(_Case):
    def shards(self, out, extension):
        found = _files(out)
        manifest = json.loads(found.pop("manifest.json"))
        self.assertEqual(len(manifest["shards"]), len(found))
        for name in found:
            self.assertTrue(name.endswith(extension), name)
        return manifest, [found[name] for name in sorted(found)]

    def test_libsvm_rows_go_to_their_blobs(self):
        rows = _blobs(600)
        content = _libsvm(rows)
        path = self.write("a.libsvm", content)
        router = self.fit(path)
        out = self.assign(router, path)
        manifest, shards = self.shards(out, ".libsvm")
        self.assertEqual(len(shards), 4)
        self.assertEqual(
            sorted(content.splitlines()), sorted(b"".join(shards).splitlines())
        )
        labels = [{line.split()[0] for line in shard.splitlines()} for shard in shards]
        self.assertEqual(sorted(map(len, labels)), [1, 1, 1, 1])
        # Rows keep their order within a shard.
        place = {line: i for i, line in enumerate(content.splitlines())}
        for shard, entry in zip(shards, manifest["shards"]):
            order = [place[line] for line in shard.splitlines()]
            self.assertEqual(order, sorted(order))
            self.assertEqual(entry["rows"], len(order))
        self.assertEqual(manifest["rows"], 600)
        text = self.ok("stats", f"--shards={out}", "--verify")
        self.assertIn("every row read", text)
        text = self.ok("stats", f"--router={router}", f"--input={path}")
        self.assertIn("smallest", text)
        self.assertEqual(self.left(), ["a.libsvm", "a.router", "shards"])

    def test_csv_keeps_its_header_and_copies_go_to_distinct_shards(self):
        content = _csv(_blobs(300))
        path = self.write("a.csv", content)
        router = self.fit(
            path, "--label_column=label", "--copies=2", "--clusterer=merge_split"
        )
        out = self.assign(router, path, "--label_column=label")
        manifest, shards = self.shards(out, ".csv")
        header, *lines = content.splitlines()
        seen = []
        for shard in shards:
            first, *rest = shard.splitlines()
            self.assertEqual(first, header)
            self.assertEqual(len(rest), len(set(rest)))
            seen += rest
        self.assertEqual(sorted(seen), sorted(lines * 2))
        self.assertEqual(manifest["copies"], 2)
        self.ok("stats", f"--shards={out}", "--verify", "--label_column=label")

    def test_images_and_labels_stay_together(self):
        rng = random.Random(1)
        images, labels = b"", b""
        for i in range(200):
            digit = i % 2
            labels += bytes([digit])
            images += bytes(200 * digit + rng.randrange(20) for _ in range(12))
        path = self.write("images.gz", gzip.compress(_idx([200, 3, 4], images)))
        label_path = self.write("labels", _idx([200], labels))
        router = self.fit(path, groups=2)
        out = self.assign(router, path, f"--labels={label_path}")
        found = _files(out)
        total = 0
        for shard in range(2):
            stem = f"shard-{shard:05}-of-00002"
            shown = gzip.decompress(found[stem + "-images.idx.gz"])
            told = gzip.decompress(found[stem + "-labels.idx.gz"])
            count = struct.unpack(">I", shown[4:8])[0]
            self.assertEqual(shown[:16], _idx([count, 3, 4], b""))
            self.assertEqual(told[:8], _idx([count], b""))
            self.assertEqual(len(shown), 16 + 12 * count)
            self.assertEqual(len(set(told[8:])), 1)
            for i, label in enumerate(told[8:]):
                self.assertEqual(shown[16 + 12 * i] >= 200, label == 1)
            total += count
        self.assertEqual(total, 200)
        self.ok("stats", f"--shards={out}", "--verify")

    def test_gzip_follows_the_input_unless_told(self):
        content = _libsvm(_blobs(200))
        path = self.write("a.gz", gzip.compress(content))
        router = self.fit(path)
        packed = _files(self.assign(router, path, name="packed"))
        plain = _files(self.assign(router, path, "--compression=none", name="plain"))
        for name, shard in plain.items():
            if name != "manifest.json":
                self.assertEqual(gzip.decompress(packed[name + ".gz"]), shard)
        self.ok("stats", f"--shards={self.path('packed')}", "--verify")

    def test_threads_and_batches_change_nothing(self):
        path = self.write("a.libsvm", _libsvm(_blobs(3000, groups=8)))
        routers, shards = [], []
        for threads in (1, 2, 3, 8):
            router = self.fit(path, f"--threads={threads}", "--sample=500")
            with open(router, "rb") as file:
                routers.append(file.read())
            out = self.assign(
                router, path, f"--threads={threads}", f"--batch_rows={100 * threads}",
                "--overwrite",
            )
            shards.append(_files(out))
        for other in routers[1:]:
            self.assertEqual(other, routers[0])
        for other in shards[1:]:
            self.assertEqual(other, shards[0])

    def test_many_features_are_projected(self):
        rng = random.Random(1)
        lines = []
        for i in range(400):
            base = 1 + 1_000_000 * (i % 2)
            columns = sorted(rng.sample(range(base, base + 300), 40))
            lines.append(f"{i % 2} " + " ".join(f"{c}:1" for c in columns))
        path = self.write("a.libsvm", "\n".join(lines).encode())
        router = self.fit(path, "--unit_length", groups=2)
        self.assertLess(os.path.getsize(router), 1_000_000)
        out = self.assign(router, path)
        _, shards = self.shards(out, ".libsvm")
        for shard in shards:
            self.assertEqual(len({line.split()[0] for line in shard.splitlines()}), 1)

    def test_online_keeps_the_bounds_on_a_stream_that_drifts(self):
        rows = _blobs(1200)
        path = self.write("fit.libsvm", _libsvm(rows))
        router = self.fit(path)
        # The stream has one blob only, then all.
        drifted = [row for row in rows if row[0] == 3] + rows
        stream = self.write("stream.libsvm", _libsvm(drifted))
        bounds = ("--online", "--lower=0.9", "--upper=1.1")
        plain = json.loads(_files(self.assign(router, stream, name="plain"))["manifest.json"])
        online = json.loads(
            _files(
                self.assign(
                    router, stream, *bounds, f"--expected_rows={len(drifted)}", name="online"
                )
            )["manifest.json"]
        )
        mean = len(drifted) / 4
        self.assertGreater(max(s["rows"] for s in plain["shards"]), 1.5 * mean)
        for shard in online["shards"]:
            self.assertGreaterEqual(shard["rows"], int(0.9 * mean))
            self.assertLessEqual(shard["rows"], 1.1 * mean + 1)
        windows = self.assign(router, stream, *bounds, "--batch_rows=7", name="w1")
        again = self.assign(router, stream, *bounds, "--threads=3", name="w2")
        self.assertEqual(_files(windows), _files(again))
        nearest = self.fit(path, "--rule=nearest", name="b.router")
        self.fails(
            "needs a price router", "assign", f"--router={nearest}",
            f"--input={stream}", f"--out={self.path('x')}", "--online",
        )
        self.fails(
            "--upper=0.5: must be a finite number", "assign", f"--router={router}", f"--input={stream}",
            f"--out={self.path('x')}", "--online", "--upper=0.5",
        )

    def test_a_stream_of_another_length_than_told(self):
        rows = _blobs(1000)
        path = self.write("a.libsvm", _libsvm(rows))
        router = self.fit(path)
        flags = ("assign", f"--router={router}", f"--input={path}")
        out = (f"--out={self.path('out')}", "--lower=1", "--upper=1")
        self.fails(
            "--expected_rows=100000, but " + path + " has 1000 rows and ",
            *flags, *out, "--online", "--expected_rows=100000",
        )
        self.fails(
            "--expected_rows=100, but " + path + " has more rows",
            *flags, *out, "--online", "--expected_rows=100",
        )
        self.fails(
            "--expected_rows=9223372036854775807: must be at most",
            *flags, *out, "--online", "--expected_rows=9223372036854775807",
        )
        # Windows of 256 rows: the last one has 232.
        text = self.ok(*flags, *out, "--online")
        self.assertIn("shards are outside of [250, 250] rows", text)
        self.assertIn("they hold at row 1,024", text)
        text = self.ok(*flags, *out, "--online", "--overwrite", "--expected_rows=1000")
        self.assertNotIn("outside", text)
        for flag in ("lower", "upper", "expected_rows"):
            self.fails(
                f"--{flag} goes with --online",
                *flags, f"--out={self.path('other')}", f"--{flag}=1",
            )
        self.assertEqual(self.left(), ["a.libsvm", "a.router", "out"])

    def test_equal_groups(self):
        path = self.write("a.libsvm", _libsvm(_blobs(150)))
        bounds = ("--lower=1", "--upper=1")
        # 150 rows in 32 groups: of 4 and 5 rows.
        text = self.ok(
            "fit", f"--input={path}", "--groups=32", *bounds, f"--out={self.path('r')}"
        )
        self.assertIn("smallest 0.853, largest 1.07", text)

    def test_max_rows(self):
        path = self.write("a.libsvm", _libsvm(_blobs(300)))
        router = self.fit(path, "--max_rows=100")
        out = self.assign(router, path, "--max_rows=10")
        self.assertEqual(json.loads(_files(out)["manifest.json"])["rows"], 10)


class MistakesTest(_Case):
    def setUp(self):
        super().setUp()
        self.rows = _blobs(200)
        self.data = self.write("a.libsvm", _libsvm(self.rows))

    def test_bad_rows_are_told_and_counted(self):
        lines = _libsvm(self.rows).splitlines(keepends=True)
        lines[4] = b"1 2:x\n"
        lines[7] = b"1 3:1 2:1\n"
        bad = self.write("bad.libsvm", b"".join(lines))
        router = self.path("a.router")
        flags = ("fit", f"--input={bad}", "--groups=4", f"--out={router}")
        self.fails("line 5: ", *flags)
        self.fails("line 8: ", *flags, "--max_bad_rows=1")
        self.assertEqual(self.left(), ["a.libsvm", "bad.libsvm"])
        self.assertIn("198 read, 2 bad", self.ok(*flags, "--max_bad_rows=2"))
        self.assertIn("198 read, 2 bad", self.ok(*flags, "--max_bad_rows=-1"))
        code, _, err = _run(*flags, "--max_bad_rows=2")
        self.assertEqual(code, 0)
        self.assertIn("bad row: " + bad + ", line 5: ", err)
        out = self.assign(router, bad, "--max_bad_rows=2")
        manifest = json.loads(_files(out)["manifest.json"])
        self.assertEqual((manifest["rows"], manifest["bad_rows"]), (198, 2))

    def test_rows_of_another_width(self):
        router = self.fit(self.data)
        wide = self.write("wide.libsvm", b"1 1:1\n1 7:1\n")
        flags = ("assign", f"--router={router}", f"--out={self.path('out')}")
        self.fails("line 2", *flags, f"--input={wide}")
        self.ok(*flags, f"--input={wide}", "--max_bad_rows=1")
        table = self.write("wide.csv", b"1,2,3,4,5,6,7\n1,2,3,4,5,6,7\n")
        self.fails("7 features, expected 6", *flags, f"--input={table}", "--overwrite")

    def test_damaged_routers(self):
        router = self.fit(self.data)
        with open(router, "rb") as file:
            good = file.read()
        flags = ("assign", f"--input={self.data}", f"--out={self.path('out')}")
        flipped = bytearray(good)
        flipped[len(good) // 2] ^= 1
        for content in (bytes(flipped), good[:-7], b"", b"not a router at all"):
            path = self.write("b.router", content)
            self.fails("b.router", *flags, f"--router={path}")
        self.fails("none.router", *flags, f"--router={self.path('none.router')}")
        self.assertEqual(self.left(), ["a.libsvm", "a.router", "b.router"])

    def test_places_that_cannot_be_written(self):
        router = self.fit(self.data)
        flags = ("assign", f"--router={router}", f"--input={self.data}")
        self.fails("/none/out", *flags, f"--out={self.path('none/out')}")
        self.fails("not a folder", *flags, f"--out={self.data}")
        os.mkdir(self.path("mine"))
        self.write("mine/file", b"x")
        self.fails("holds no shards", *flags, f"--out={self.path('mine')}", "--overwrite")
        self.assertEqual(_files(self.path("mine")), {"file": b"x"})
        self.write("mine/manifest.json", b'{"name": "an extension"}')
        self.write("mine/precious.js", b"precious")
        self.fails("version is missing", *flags, f"--out={self.path('mine')}", "--overwrite")
        self.assertEqual(_files(self.path("mine"))["precious.js"], b"precious")
        self.ok(*flags, f"--out={self.path('out')}")
        self.fails("give --overwrite", *flags, f"--out={self.path('out')}")
        self.write("out/notes", b"precious")
        self.fails("holds 'notes'", *flags, f"--out={self.path('out')}", "--overwrite")
        os.remove(self.path("out/notes"))
        self.fails(
            "none/a.router", "fit", f"--input={self.data}", "--groups=4",
            f"--out={self.path('none/a.router')}",
        )
        self.assertEqual(self.left(), ["a.libsvm", "a.router", "mine", "out"])

    def test_damaged_shards_are_found(self):
        out = self.assign(self.fit(self.data), self.data)
        name = os.path.join(out, "shard-00001-of-00004.libsvm")
        with open(name, "rb") as file:
            content = file.read()
        with open(name, "wb") as file:
            file.write(content.replace(b"\n", b" ", 1))
        self.ok("stats", f"--shards={out}")  # same size: only reading tells
        self.fails("shard-00001", "stats", f"--shards={out}", "--verify")
        with open(os.path.join(out, "manifest.json")) as file:
            manifest = json.load(file)
        for key, value in (("copies", 0), ("rows", 2**62), ("copies", 2**62)):
            changed = json.dumps({**manifest, key: value}).encode()
            self.write("shards/manifest.json", changed)
            self.fails("manifest.json: ", "stats", f"--shards={out}")
        self.write("shards/manifest.json", json.dumps(manifest).encode())
        os.truncate(name, len(content) - 1)
        self.fails("manifest.json says", "stats", f"--shards={out}")
        os.remove(name)
        self.fails("lists it", "stats", f"--shards={out}")

    def test_files_without_rows(self):
        empty = self.write("empty.libsvm", b"")
        for content in (b"", b"\n# only a comment\n"):
            empty = self.write("empty.libsvm", content)
            flags = (f"--input={empty}", "--format=libsvm")
            self.fails("has no rows", "fit", *flags, f"--out={self.path('b.router')}")
        router = self.fit(self.data)
        self.fails(
            "has no rows", "assign", *flags, f"--router={router}",
            f"--out={self.path('out')}",
        )
        self.assertNotIn("out", self.left())

    def test_truncated_gzip(self):
        packed = gzip.compress(_libsvm(self.rows))
        cut = self.write("cut.gz", packed[: len(packed) // 2])
        self.fails("cut short", "fit", f"--input={cut}", f"--out={self.path('b.router')}")

    def test_flags_that_do_not_fit_the_file(self):
        table = self.write("a.csv", _csv(self.rows))
        out = f"--out={self.path('b.router')}"
        self.fails("--labels is for IDX files, " + table + " is csv", "fit",
                   f"--input={table}", out, f"--labels={self.path('nonexistent')}")
        for flag, value in (("label_column", "y"), ("ignore", "a,b"), ("delimiter", ";"),
                            ("header", "yes"), ("missing", "zero")):
            self.fails(f"--{flag} is for CSV files, {self.data} is libsvm", "fit",
                       f"--input={self.data}", out, f"--{flag}={value}")
        shards = self.assign(self.fit(self.data), self.data)
        self.fails("--max_rows does not go with --shards", "stats",
                   f"--shards={shards}", "--verify", "--max_rows=10")
        for flag in ("--format=csv", "--labels=x", "--max_bad_rows=1"):
            self.fails("does not go with --shards", "stats",
                       f"--shards={shards}", "--verify", flag)
        self.fails("--ignore goes with --shards only to --verify", "stats",
                   f"--shards={shards}", "--ignore=x")

    def test_csv_shards_are_verified_as_they_were_written(self):
        text = _csv(self.rows).replace(b",", b";").replace(b"label", b"name")
        lines = text.splitlines(keepends=True)
        # A name is no number; a first field may be missing.
        lines = [lines[0]] + [b"n" + line for line in lines[1:]]
        lines[5] = b";".join([b"n", b""] + lines[5].split(b";")[2:])
        path = self.write("a.csv", b"".join(lines))
        csv = ("--delimiter=;", "--ignore=name", "--missing=zero")
        router = self.fit(path, *csv)
        out = self.assign(router, path, *csv)
        self.assertIn("every row read", self.ok("stats", f"--shards={out}", "--verify"))
        self.ok("stats", f"--shards={out}", "--verify", *csv)
        # Flags go before what the manifest says.
        self.fails("shard-0000", "stats", f"--shards={out}", "--verify", "--delimiter=|")
        # A manifest that does not say it.
        with open(os.path.join(out, "manifest.json")) as file:
            manifest = json.load(file)
        self.assertEqual(manifest.pop("csv")["delimiter"], ord(";"))
        self.write("shards/manifest.json", json.dumps(manifest).encode())
        self.fails("shard-0000", "stats", f"--shards={out}", "--verify")
        self.ok("stats", f"--shards={out}", "--verify", *csv)

    def test_flags_are_looked_at_before_the_file(self):
        # A file that cannot be read: its error would come first.
        bad = self.write("bad.libsvm", b"x y z\n")
        flags = ("fit", f"--input={bad}", "--format=libsvm")
        out = f"--out={self.path('b.router')}"
        self.fails("--upper=inf: must be a finite number", *flags, out, "--upper=inf")
        self.fails("--upper=nan: must be a finite number", *flags, out, "--upper=nan")
        self.fails("--lower=1.5: must be in [0, 1]", *flags, out, "--lower=1.5")
        self.fails("merge_split", *flags, out, "--clusterer=bogus")
        self.fails("--copies=9: must be in [1, --groups=8]", *flags, out, "--copies=9")
        self.fails("--groups=80: must be at most --sample=50", *flags, out,
                   "--groups=80", "--sample=50")
        self.fails("the clusterer lp_rounding takes 2 or more, not 1; merge_split",
                   *flags, out, "--clusterer=lp_rounding")
        self.fails("does not take; merge_split", *flags, out, "--clusterer=k_center")
        self.fails("--rule=price: router is price", *flags, out, "--clusterer=lsh",
                   "--rule=price")
        self.fails("it is a directory", *flags, f"--out={self.folder}")
        self.fails("none does not exist", *flags, f"--out={self.path('none/b.router')}")
        self.fails("--sample=10000: must be at most 60 for exact", "fit",
                   f"--input={self.data}", out, "--clusterer=exact", "--groups=4")
        self.assertEqual(self.left(), ["a.libsvm", "bad.libsvm"])

    def test_more_groups_than_rows(self):
        self.fails(
            "200", "fit", f"--input={self.data}", "--groups=300",
            f"--out={self.path('b.router')}",
        )

    def test_the_command_line(self):
        usage = lambda message, *arguments: self.fails(message, *arguments, code=2)
        usage("did you mean assign? there are fit, assign, stats", "asign")
        usage("did you mean --groups?", "fit", "--group=3")
        usage("--online does not go with fit, which takes --input", "fit", "--online")
        usage("--groups=many: must be a whole number", "fit", "--groups=many")
        usage("--threads=-1: must be in [0, 1024]", "fit", "--threads=-1")
        usage("unexpected argument 'x'", "stats", "x")
        self.fails("--input is missing", "fit")
        self.fails("--router is missing", "assign", f"--input={self.data}")
        self.fails("either --shards=FOLDER or --router=FILE", "stats")
        flags = ("fit", f"--input={self.data}", f"--out={self.path('b.router')}")
        self.fails("--max_bad_rows=-2", *flags, "--max_bad_rows=-2")
        self.fails("--format=xml: must be auto, libsvm, csv", *flags, "--format=xml")
        self.fails("--objective=mean", *flags, "--objective=mean")
        self.fails("merge_split", *flags, "--clusterer=none")
        self.fails("--project=-3", *flags, "--project=-3")
        self.assertEqual(self.left(), ["a.libsvm"])
        for command in ("fit", "assign", "stats"):
            text = self.ok(command, "--help")
            self.assertIn("--max_bad_rows=int64", text)
            self.assertIn("Examples", text)
            self.assertNotIn("--tab_completion", text)
        self.assertIn("merge_split", self.ok("fit", "--help"))
        self.assertIn("dispatch assign", self.ok("--help"))


class SignalTest(_Case):
    def setUp(self):
        super().setUp()
        self.rows = _libsvm(_blobs(200))
        self.router = self.fit(self.write("a.libsvm", self.rows))
        self.pipe = self.path("pipe")
        os.mkfifo(self.pipe)

    def start(self, *flags):
        """A run of assign on the pipe."""
        return subprocess.Popen(
            [_PROGRAM, "assign", f"--router={self.router}", f"--input={self.pipe}",
             "--format=libsvm", f"--out={self.path('shards')}", *flags],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )

    def wait_for_folder(self, process):
        deadline = time.time() + 60
        while not any(name.endswith(".tmp") for name in self.left()):
            self.assertLess(time.time(), deadline)
            self.assertIsNone(process.poll())
            time.sleep(0.01)

    def stop(self, process, number):
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 128 + number, err)
        self.assertEqual(out, "")
        self.assertIn("stopped: nothing was written", err)
        self.assertEqual(self.left(), ["a.libsvm", "a.router", "pipe"])

    def test_a_stopped_run_leaves_nothing(self):
        done = threading.Event()

        def feed():
            while not done.is_set():
                try:
                    with open(self.pipe, "wb") as file:
                        while not done.is_set():
                            file.write(self.rows)
                except BrokenPipeError:
                    pass

        feeder = threading.Thread(target=feed, daemon=True)
        feeder.start()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process = self.start()
            self.wait_for_folder(process)
            self.stop(process, number)
        done.set()
        # Whoever waits for a reader finds one.
        os.close(os.open(self.pipe, os.O_RDONLY | os.O_NONBLOCK))
        feeder.join(60)

    def test_a_run_that_waits_for_its_input_can_be_stopped(self):
        for flags in (("--threads=1",), ("--threads=2", "--batch_rows=10")):
            # A writer without a word: the program is about to read its first.
            process = self.start(*flags)
            writer = None
            while writer is None:
                self.assertIsNone(process.poll())
                try:
                    writer = os.open(self.pipe, os.O_WRONLY | os.O_NONBLOCK)
                except OSError:  # nobody reads yet
                    time.sleep(0.01)
            self.stop(process, signal.SIGINT)
            os.close(writer)
            # One that rests after some rows.
            process = self.start(*flags)
            with open(self.pipe, "wb") as file:
                file.write(self.rows[: len(self.rows) // 2])
                file.flush()
                self.wait_for_folder(process)
                self.stop(process, signal.SIGINT)

    def test_a_closed_error_stream_does_not_end_a_run(self):
        bad = self.write("bad.libsvm", b"x y\n" + self.rows)
        out = self.path("shards")
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(
            [_PROGRAM, "assign", f"--router={self.router}", f"--input={bad}",
             "--format=libsvm", "--max_bad_rows=1", f"--out={out}"],
            stdout=subprocess.PIPE, stderr=write, timeout=100,
        )
        os.close(write)
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"200 read, 1 bad", done.stdout)
        self.assertEqual(
            self.left(), ["a.libsvm", "a.router", "bad.libsvm", "pipe", "shards"]
        )


if __name__ == "__main__":
    unittest.main()
