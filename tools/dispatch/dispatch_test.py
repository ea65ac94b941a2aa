"""Runs the dispatch command as a user does: fit, assign, stats."""

import gzip
import json
import os
import random
import struct
import unittest

from tools.dispatch import dispatch_case as dc


class WholeTest(dc.Case):
    def shards(self, out, extension):
        found = dc.files(out)
        manifest = json.loads(found.pop("manifest.json"))
        self.assertEqual(len(manifest["shards"]), len(found))
        for name in found:
            self.assertTrue(name.endswith(extension), name)
        return manifest, [found[name] for name in sorted(found)]

    def test_libsvm_rows_go_to_their_blobs(self):
        rows = dc.blobs(600)
        content = dc.libsvm(rows)
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
        content = dc.csv(dc.blobs(300))
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
        path = self.write("images.gz", gzip.compress(dc.idx([200, 3, 4], images)))
        label_path = self.write("labels", dc.idx([200], labels))
        router = self.fit(path, groups=2)
        out = self.assign(router, path, f"--labels={label_path}")
        found = dc.files(out)
        total = 0
        for shard in range(2):
            stem = f"shard-{shard:05}-of-00002"
            shown = gzip.decompress(found[stem + "-images.idx.gz"])
            told = gzip.decompress(found[stem + "-labels.idx.gz"])
            count = struct.unpack(">I", shown[4:8])[0]
            self.assertEqual(shown[:16], dc.idx([count, 3, 4], b""))
            self.assertEqual(told[:8], dc.idx([count], b""))
            self.assertEqual(len(shown), 16 + 12 * count)
            self.assertEqual(len(set(told[8:])), 1)
            for i, label in enumerate(told[8:]):
                self.assertEqual(shown[16 + 12 * i] >= 200, label == 1)
            total += count
        self.assertEqual(total, 200)
        self.ok("stats", f"--shards={out}", "--verify")

    def test_gzip_follows_the_input_unless_told(self):
        content = dc.libsvm(dc.blobs(200))
        path = self.write("a.gz", gzip.compress(content))
        router = self.fit(path)
        packed = dc.files(self.assign(router, path, name="packed"))
        plain = dc.files(self.assign(router, path, "--compression=none", name="plain"))
        for name, shard in plain.items():
            if name != "manifest.json":
                self.assertEqual(gzip.decompress(packed[name + ".gz"]), shard)
        self.ok("stats", f"--shards={self.path('packed')}", "--verify")

    def test_every_gzip_shard_is_one(self):
        """Shards without rows, with and without a long header."""
        router = self.fit(self.write("a.libsvm", dc.libsvm(dc.blobs(200))))
        one = self.write("one.gz", gzip.compress(dc.libsvm(dc.blobs(1))))
        out = self.assign(router, one, "--format=libsvm")
        texts = [gzip.decompress(content) for name, content in dc.files(out).items()
                 if name.endswith(".gz")]
        self.assertEqual(sorted(map(len, texts))[:3], [0, 0, 0])
        self.assertIn("every row read", self.ok("stats", f"--shards={out}", "--verify"))
        wide = ",".join(f"feature_{j:0100}" for j in range(700)).encode()
        table = wide + b"\n" + b"\n".join(b"1" + b",0" * 699 for _ in range(9)) + b"\n"
        path = self.write("wide.csv.gz", gzip.compress(table))
        router = self.fit(path, "--project=0", "--clusterer=random", name="b.router")
        out = self.assign(router, path, name="wide")
        for name, content in dc.files(out).items():
            if name.endswith(".gz"):
                self.assertEqual(gzip.decompress(content).splitlines()[0], wide)
        self.assertIn("every row read", self.ok("stats", f"--shards={out}", "--verify"))

    def test_threads_and_batches_change_nothing(self):
        path = self.write("a.libsvm", dc.libsvm(dc.blobs(3000, groups=8)))
        routers, shards = [], []
        for threads in (1, 2, 3, 8):
            router = self.fit(path, f"--threads={threads}", "--sample=500")
            with open(router, "rb") as file:
                routers.append(file.read())
            out = self.assign(
                router, path, f"--threads={threads}", f"--batch_rows={100 * threads}",
                "--overwrite",
            )
            shards.append(dc.files(out))
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
        rows = dc.blobs(1200)
        path = self.write("fit.libsvm", dc.libsvm(rows))
        router = self.fit(path)
        # The stream has one blob only, then all.
        drifted = [row for row in rows if row[0] == 3] + rows
        stream = self.write("stream.libsvm", dc.libsvm(drifted))
        bounds = ("--online", "--lower=0.9", "--upper=1.1")
        plain = json.loads(dc.files(self.assign(router, stream, name="plain"))["manifest.json"])
        online = json.loads(
            dc.files(
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
        self.assertEqual(dc.files(windows), dc.files(again))
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
        rows = dc.blobs(1000)
        path = self.write("a.libsvm", dc.libsvm(rows))
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
        path = self.write("a.libsvm", dc.libsvm(dc.blobs(150)))
        bounds = ("--lower=1", "--upper=1")
        # 150 rows in 32 groups: of 4 and 5 rows.
        text = self.ok(
            "fit", f"--input={path}", "--groups=32", *bounds, f"--out={self.path('r')}"
        )
        self.assertIn("smallest 0.853, largest 1.07", text)

    def test_a_second_sample_weighs_the_first(self):
        rows = dc.blobs(4000, groups=2)
        path = self.write("a.libsvm", dc.libsvm(rows))
        flags = (f"--input={path}", "--groups=4", "--sample=40", "--lower=0.9",
                 "--upper=1.1")
        plain = self.ok("fit", *flags, f"--out={self.path('plain')}")
        self.assertNotIn("weighed", plain)
        text = self.ok(
            "fit", *flags, "--weights_sample=2000", f"--out={self.path('weighed')}"
        )
        self.assertIn("weighed   by 2,000 other rows", text)
        self.assertIn("from 1,960 others", text)

        # Over five seeds the loads of the others deviate by half as much.
        def deviation(*more):
            total = 0
            for seed in range(1, 6):
                text = self.ok(
                    "fit", *flags, *more, f"--seed={seed}", f"--out={self.path('any')}"
                )
                line = [x for x in text.splitlines() if x.startswith("loads")][0]
                total += float(line.split("deviation ")[1].split()[0])
            return total

        self.assertLess(deviation("--weights_sample=2000"), 0.75 * deviation())
        again = ("fit", *flags, "--weights_sample=2000", "--threads=3")
        self.ok(*again, f"--out={self.path('again')}")
        with open(self.path("weighed"), "rb") as one, open(self.path("again"), "rb") as two:
            self.assertEqual(one.read(), two.read())
        out = f"--out={self.path('x')}"
        self.fails(
            "--sample=40: must be less than the file's 30 rows", "fit", *flags, out,
            "--weights_sample=10", "--max_rows=30",
        )
        self.fails(
            "--weights_sample=10: weighing_points is 10", "fit", f"--input={path}",
            out, "--weights_sample=10", "--clusterer=lsh",
        )

    def test_max_rows(self):
        path = self.write("a.libsvm", dc.libsvm(dc.blobs(300)))
        router = self.fit(path, "--max_rows=100")
        out = self.assign(router, path, "--max_rows=10")
        self.assertEqual(json.loads(dc.files(out)["manifest.json"])["rows"], 10)


if __name__ == "__main__":
    unittest.main()
