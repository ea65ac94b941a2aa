"""Runs the tool against a server on this machine that misbehaves on demand."""

import contextlib
import gzip
import hashlib
import http.server
import io
import json
import os
import re
import tempfile
import threading
import unittest

from tools.data import catalog, data, download

_CONTENT = b"".join(b"%d 1:%d\n" % (i % 2, i * i) for i in range(20000))


class _Handler(http.server.BaseHTTPRequestHandler):
    """Serves server.files; server.faults says what goes wrong, in order."""

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        requested = self.headers.get("Range")
        self.server.requests.append((self.path, requested))
        content = self.server.files.get(self.path)
        fault = self.server.faults.pop(0) if self.server.faults else None
        if content is None or fault == 404:
            self.send_error(404)
        elif isinstance(fault, int):
            self.send_error(fault)
        else:
            self._send(content, requested, fault)

    def _send(self, content, requested, fault):
        first = 0
        if requested and fault != "no range":
            first = int(re.fullmatch(r"bytes=(\d+)-", requested).group(1))
            if first >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.end_headers()
                return
            self.send_response(206)
            shown = first + 7 if fault == "wrong range" else first
            self.send_header(
                "Content-Range", f"bytes {shown}-{len(content) - 1}/{len(content)}"
            )
        else:
            self.send_response(200)
        body = content[first:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault == "cut":
            body = body[: len(body) // 2]
        self.wfile.write(body)


class _Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.files, self.server.faults, self.server.requests = {}, [], []
        thread = threading.Thread(
            target=self.server.serve_forever, args=(0.01,), daemon=True
        )
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.address = "http://127.0.0.1:%d" % self.server.server_port

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()


class DownloaderTest(_Case):
    def setUp(self):
        super().setUp()
        self.server.files["/x"] = _CONTENT
        self.downloader = download.Downloader(retries=2, wait_seconds=0)

    def fetch(self):
        return self.downloader.fetch(self.address + "/x", self.path("sub/x"))

    def test_whole(self):
        self.assertEqual(self.fetch(), _CONTENT)
        self.downloader.done(self.path("sub/x"))
        self.assertEqual(os.listdir(self.path("sub")), [])

    def test_a_cut_transfer_continues_where_it_stopped(self):
        self.server.faults = ["cut"]
        self.assertEqual(self.fetch(), _CONTENT)
        half = len(_CONTENT) // 2
        self.assertEqual(
            self.server.requests, [("/x", None), ("/x", f"bytes={half}-")]
        )

    def test_a_later_run_continues(self):
        self.server.faults = ["cut"] * 3
        with self.assertRaisesRegex(download.DownloadError, "after 3 tries"):
            self.fetch()
        kept = os.path.getsize(self.path("sub/x.part"))
        self.assertGreater(kept, len(_CONTENT) // 2)
        self.assertEqual(self.fetch(), _CONTENT)
        self.assertEqual(self.server.requests[-1], ("/x", f"bytes={kept}-"))

    def test_a_server_without_ranges_sends_all_again(self):
        self.server.faults = ["cut", "no range"]
        self.assertEqual(self.fetch(), _CONTENT)

    def test_a_wrong_range_is_not_appended(self):
        self.server.faults = ["cut", "wrong range"]
        self.assertEqual(self.fetch(), _CONTENT)

    def test_a_part_that_is_already_whole(self):
        self.fetch()
        self.assertEqual(self.fetch(), _CONTENT)

    def test_a_part_of_another_address_does_not_count(self):
        self.server.files["/y"] = _CONTENT[::-1]
        self.server.faults = ["cut"] * 3
        with self.assertRaises(download.DownloadError):
            self.downloader.fetch(self.address + "/y", self.path("sub/x"))
        self.assertEqual(self.fetch(), _CONTENT)
        self.assertEqual(self.server.requests[-1], ("/x", None))

    def test_what_may_pass_is_tried_again_and_what_may_not_is_not(self):
        self.server.faults = [503, 500]
        self.assertEqual(self.fetch(), _CONTENT)
        self.downloader.done(self.path("sub/x"))
        self.server.requests.clear()
        self.server.faults = [404]
        with self.assertRaisesRegex(download.DownloadError, "HTTP 404"):
            self.fetch()
        self.assertEqual(len(self.server.requests), 1)

    def test_nobody_there(self):
        with self.assertRaisesRegex(download.DownloadError, "http://127.0.0.1:1/x"):
            self.downloader.fetch("http://127.0.0.1:1/x", self.path("x"))


class ToolTest(_Case):
    """A catalog of one fetched set and one that is made by hand."""

    def setUp(self):
        super().setUp()
        packed = catalog.pack(_CONTENT)
        digest = hashlib.sha256(_CONTENT).hexdigest()
        text = {name: "-" for name in (
            "description", "page", "snapshot", "licence", "counts", "format",
            "citation", "how",
        )}
        spaced = b'{"X": [1,\n 2]}'
        tight = b'{"X":[1,2]}'
        manifest = {
            "sets": [
                {
                    **text,
                    "name": "numbers",
                    "files": [
                        self.entry("a/numbers.gz", packed, _CONTENT, ["/bad", "/plain"]),
                        {
                            **self.entry("a/x.json.gz", catalog.pack(tight), tight, ["/x"]),
                            "transform": "strip_whitespace",
                        },
                        {
                            **self.entry("a/LICENSE", b"free\n", b"free\n", []),
                            "optional": True,
                        },
                    ],
                },
                {
                    **text,
                    "name": "made",
                    "how": "convert it yourself",
                    "files": [self.entry("b/made", b"made\n", b"made\n", [])],
                },
            ],
            "elsewhere": [],
        }
        path = self.path("manifest.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(manifest, file)
        self.known = catalog.Catalog(path)
        self.server.files.update(
            {"/bad": b"not it", "/plain": _CONTENT, "/x": spaced}
        )
        self.assertEqual(digest, self.known.sets[0].files[0].unpacked_sha256)

    def entry(self, path, stored, content, sources):
        return {
            "path": path,
            "bytes": len(stored),
            "sha256": hashlib.sha256(stored).hexdigest(),
            "unpacked_bytes": len(content),
            "unpacked_sha256": hashlib.sha256(content).hexdigest(),
            "sources": [self.address + source for source in sources],
        }

    def run_tool(self, *arguments):
        """Returns (exit code, standard output, standard error)."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = data.main(list(arguments), self.known)
        return code, out.getvalue(), err.getvalue()

    def fetch(self, *names):
        return self.run_tool(
            "fetch", *names, "--data_dir", self.path("data"), "--retries=1",
            "--retry_seconds=0",
        )

    def test_fetch_converts_packs_and_checks(self):
        code, out, _ = self.fetch("numbers")
        self.assertEqual(code, 0, out)
        self.assertEqual(gzip.decompress(self.read("data/a/numbers.gz")), _CONTENT)
        self.assertEqual(gzip.decompress(self.read("data/a/x.json.gz")), b'{"X":[1,2]}')
        self.assertEqual(sorted(os.listdir(self.path("data/a"))), ["numbers.gz", "x.json.gz"])
        # The first address served something else and was passed over.
        self.assertEqual([r[0] for r in self.server.requests], ["/bad", "/plain", "/x"])

    def test_fetch_leaves_what_is_there(self):
        self.fetch("numbers")
        self.server.requests.clear()
        code, out, _ = self.fetch("numbers")
        self.assertEqual(code, 0)
        self.assertIn("a/numbers.gz: already there", out)
        self.assertEqual(self.server.requests, [])

    def test_wrong_content_is_never_stored(self):
        self.server.files["/plain"] = _CONTENT[:-1] + b"?"
        code, _, err = self.fetch("a/numbers.gz")
        self.assertEqual(code, 1)
        self.assertIn("which is not this file", err)
        # The path of a file stands for its set: the other file is there.
        self.assertEqual(os.listdir(self.path("data/a")), ["x.json.gz"])

    def test_a_set_made_by_hand_says_how(self):
        code, _, err = self.fetch("made")
        self.assertEqual(code, 1)
        self.assertIn("convert it yourself", err)

    def test_mirror_replaces_every_address(self):
        self.server.files["/m/b/made"] = b"made\n"
        self.server.files["/m/a/numbers.gz"] = catalog.pack(_CONTENT)
        self.server.files["/m/a/x.json.gz"] = catalog.pack(b'{"X":[1,2]}')
        code, out, err = self.run_tool(
            "fetch", "made", "a/numbers.gz", "--data_dir", self.path("data"),
            "--mirror", self.address + "/m/",
        )
        self.assertEqual(code, 0, out + err)
        self.assertEqual(self.read("data/b/made"), b"made\n")
        self.assertTrue(all(r[0].startswith("/m/") for r in self.server.requests))

    def test_verify_names_what_is_wrong(self):
        folder = self.path("data")
        code, out, _ = self.run_tool("verify", "--data_dir", folder)
        self.assertEqual(code, 1)
        self.assertIn("a/numbers.gz: missing (numbers)", out)
        self.assertIn(f"fetch numbers made --data_dir {folder}", out)
        self.fetch("numbers")
        self.assertEqual(self.run_tool("verify", "numbers", "--data_dir", folder)[0], 0)
        with open(self.path("data/a/numbers.gz"), "wb") as file:
            file.write(gzip.compress(_CONTENT, 1))
        code, out, _ = self.run_tool("verify", "numbers", "--data_dir", folder)
        self.assertEqual(code, 0)
        self.assertIn("ok (packed by another gzip)", out)
        for damaged in (gzip.compress(_CONTENT)[:-20], b"", gzip.compress(b"other")):
            with open(self.path("data/a/numbers.gz"), "wb") as file:
                file.write(damaged)
            code, out, _ = self.run_tool("verify", "numbers", "--data_dir", folder)
            self.assertEqual(code, 1)
            self.assertIn("a/numbers.gz: corrupt", out)

    def test_wrong_commands(self):
        code, _, err = self.fetch("number")
        self.assertEqual(code, 2)
        self.assertIn("no data set or file named 'number'; there are all, numbers", err)
        os.environ.pop("MUSTER_DATA", None)
        self.assertEqual(self.run_tool("fetch", "numbers")[0], 2)

    def test_numbers_out_of_bounds(self):
        for flag, message in (
            ("--retries=-1", "--retries: '-1' must be a whole number between 0 and 20"),
            ("--retries=1.5", "--retries: '1.5' must be a whole number"),
            ("--retry_seconds=-1", "--retry_seconds: '-1' must be a number between"),
            ("--retry_seconds=nan", "--retry_seconds: 'nan' must be a number"),
        ):
            err = io.StringIO()
            with contextlib.redirect_stderr(err), self.assertRaises(SystemExit) as end:
                data.main(["fetch", "numbers", flag], self.known)
            self.assertEqual(end.exception.code, 2)
            self.assertIn(message, err.getvalue())

    def test_relative_folders_are_those_of_the_call(self):
        os.environ["BUILD_WORKING_DIRECTORY"] = self.folder
        self.addCleanup(os.environ.pop, "BUILD_WORKING_DIRECTORY")
        self.assertEqual(self.run_tool("fetch", "numbers", "--data_dir", "d")[0], 0)
        self.assertTrue(os.path.exists(self.path("d/a/numbers.gz")))

    def test_list(self):
        code, out, _ = self.run_tool("list")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"numbers +\S+ kB +yes")
        self.assertRegex(out, r"made +\S+ kB +by hand")


class ManifestTest(unittest.TestCase):
    """The manifest itself: whole, and of one form."""

    def setUp(self):
        self.known = catalog.Catalog()
        self.files = [file for each in self.known.sets for file in each.files]

    def test_every_field_is_filled(self):
        for each in self.known.sets:
            for name in ("description", "page", "licence", "counts", "citation"):
                self.assertTrue(getattr(each, name), (each.name, name))
            self.assertTrue(each.files, each.name)
            if any(not f.sources and not f.optional for f in each.files):
                self.assertTrue(each.how, each.name)

    def test_names_and_paths_are_unique(self):
        for values in ([f.path for f in self.files], [s.name for s in self.known.sets]):
            self.assertEqual(len(values), len(set(values)))

    def test_checksums_and_addresses_have_their_form(self):
        for file in self.files:
            for digest in (file.sha256, file.unpacked_sha256):
                self.assertRegex(digest, r"^[0-9a-f]{64}$")
            self.assertEqual(file.sha256 == file.unpacked_sha256, not file.packed)
            self.assertNotIn("..", file.path)
            for source in file.sources:
                self.assertRegex(source, r"^https://[^ ]+$")
            self.assertIn(file.transform, ("", "strip_whitespace"))

    def test_the_files_here_match_it(self):
        """Of a data folder that is there; a fresh checkout has none."""
        folder = os.environ.get("MUSTER_DATA")
        if not folder or not os.path.isdir(folder):
            self.skipTest("$MUSTER_DATA is not set")
        for file in self.files:
            state = catalog.check(file, os.path.join(folder, file.path))
            self.assertNotEqual(state, catalog.CORRUPT, file.path)


if __name__ == "__main__":
    unittest.main()
