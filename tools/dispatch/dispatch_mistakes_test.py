"""Runs the dispatch command with mistakes, and stops it."""

import gzip
import json
import os
import signal
import subprocess
import threading
import time
import unittest

from tools.dispatch import dispatch_case as dc


class MistakesTest(dc.Case):
    def setUp(self):
        super().setUp()
        self.rows = dc.blobs(200)
        self.data = self.write("a.libsvm", dc.libsvm(self.rows))

    def test_bad_rows_are_told_and_counted(self):
        lines = dc.libsvm(self.rows).splitlines(keepends=True)
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
        code, _, err = dc.run(*flags, "--max_bad_rows=2")
        self.assertEqual(code, 0)
        self.assertIn("bad row: " + bad + ", line 5: ", err)
        out = self.assign(router, bad, "--max_bad_rows=2")
        manifest = json.loads(dc.files(out)["manifest.json"])
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
        self.assertEqual(dc.files(self.path("mine")), {"file": b"x"})
        self.write("mine/manifest.json", b'{"name": "an extension"}')
        self.write("mine/precious.js", b"precious")
        self.fails("version is missing", *flags, f"--out={self.path('mine')}", "--overwrite")
        self.assertEqual(dc.files(self.path("mine"))["precious.js"], b"precious")
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
        packed = gzip.compress(dc.libsvm(self.rows))
        cut = self.write("cut.gz", packed[: len(packed) // 2])
        self.fails("cut short", "fit", f"--input={cut}", f"--out={self.path('b.router')}")

    def test_flags_that_do_not_fit_the_file(self):
        table = self.write("a.csv", dc.csv(self.rows))
        out = f"--out={self.path('b.router')}"
        self.fails("--labels is for IDX files, " + table + " is csv", "fit",
                   f"--input={table}", out, f"--labels={self.path('nonexistent')}")
        for flag, value in (("label_column", "y"), ("ignore", "a,b"), ("delimiter", ";"),
                            ("header", "yes"), ("missing", "zero")):
            self.fails(f"--{flag} is for CSV files, {self.data} is libsvm", "fit",
                       f"--input={self.data}", out, f"--{flag}={value}")
        for flag in ("--lower=1", "--upper=1", "--objective=k-median"):
            self.fails("has no meaning for --clusterer=random", "fit",
                       f"--input={self.data}", out, "--clusterer=random", flag)
        router = self.fit(self.data)
        self.fails("--gzip_level has no meaning with --compression=none", "assign",
                   f"--router={router}", f"--input={self.data}",
                   f"--out={self.path('shards')}", "--compression=none",
                   "--gzip_level=9")
        for flag in ("--max_rows=5", "--max_bad_rows=2", "--format=csv"):
            self.fails("goes with --input, which is missing", "stats",
                       f"--router={router}", flag)
        shards = self.assign(router, self.data)
        self.fails("--max_rows does not go with --shards", "stats",
                   f"--shards={shards}", "--verify", "--max_rows=10")
        for flag in ("--format=csv", "--labels=x", "--max_bad_rows=1"):
            self.fails("does not go with --shards", "stats",
                       f"--shards={shards}", "--verify", flag)
        self.fails("--ignore goes with --shards only to --verify", "stats",
                   f"--shards={shards}", "--ignore=x")

    def test_csv_shards_are_verified_as_they_were_written(self):
        text = dc.csv(self.rows).replace(b",", b";").replace(b"label", b"name")
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

    def test_columns_in_another_encoding(self):
        text = dc.csv(self.rows).replace(b"label", b"gr\xf6\xdfe")
        path = self.write("a.csv", text)
        name = b"gr\xf6\xdfe".decode(errors="surrogateescape")
        router = self.fit(path, f"--label_column={name}")
        out = self.assign(router, path, f"--label_column={name}")
        self.ok("stats", f"--shards={out}", "--verify")

    def test_more_groups_than_shards_are_named(self):
        router = self.path("a.router")
        flags = (f"--input={self.data}", "--clusterer=random", "--groups=100000")
        code, _, err = dc.run("fit", *flags, f"--out={router}")
        self.assertEqual(code, 0, err)
        self.assertIn("at most 99999 shards", err)
        self.fails("has 100000 groups, shards are at most 99999", "assign",
                   f"--router={router}", f"--input={self.data}",
                   f"--out={self.path('shards')}")

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
        self.fails("--rule=price --weights_sample=0: router is price", *flags, out, "--clusterer=lsh",
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


class SignalTest(dc.Case):
    def setUp(self):
        super().setUp()
        self.rows = dc.libsvm(dc.blobs(200))
        self.router = self.fit(self.write("a.libsvm", self.rows))
        self.pipe = self.path("pipe")
        os.mkfifo(self.pipe)

    def start(self, *flags):
        """A run of assign on the pipe."""
        return subprocess.Popen(
            [dc.PROGRAM, "assign", f"--router={self.router}", f"--input={self.pipe}",
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
            [dc.PROGRAM, "assign", f"--router={self.router}", f"--input={bad}",
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
