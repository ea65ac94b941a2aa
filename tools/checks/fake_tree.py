"""Small trees in a temporary folder, for the tests of the checks."""

import pathlib
import tempfile
import unittest

from tools.checks import build_file


class FakeTreeTest(unittest.TestCase):
    """A test whose `findings_in` runs a check over files given as a dict."""

    check = None  # the check's module

    def findings_in(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = pathlib.Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return list(self.check.findings(build_file.Tree(folder)))

    def assert_finds(self, files, *expected):
        """Asserts that each finding contains its expected text, in order."""
        found = self.findings_in(files)
        self.assertEqual(len(found), len(expected), found)
        for finding, text in zip(found, expected):
            self.assertIn(text, finding)
