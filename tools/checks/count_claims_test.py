"""Tables of claims, made by hand, and what is counted from them."""

import contextlib
import io
import os
import sys
import tempfile
import unittest
from unittest import mock

from tools.checks import count_claims


def _rows(*verdicts):
    return [
        {"id": f"E{i}", "statement": "a < b", "verdict": verdict}
        for i, verdict in enumerate(verdicts)
    ]


class CountClaimsTest(unittest.TestCase):
    def test_counts_verdicts(self):
        self.assertEqual(count_claims.count(_rows("pass", "tie", "skipped"), 0), (2, []))
        self.assertEqual(
            count_claims.count(_rows("pass", "fail"), 2), (1, ["E1: a < b: fail"])
        )

    def test_an_unknown_verdict_is_a_failure(self):
        self.assertEqual(count_claims.count(_rows("passed"), 0)[1], ["E0: a < b: passed"])

    def test_an_error_is_a_failure_even_when_all_claims_passed(self):
        for code in (1, 2, 130):
            passed, failures = count_claims.count(_rows("pass"), code)
            self.assertEqual(passed, 1)
            self.assertEqual(failures, [f"the program ended with exit code {code}"])

    def test_no_claim_is_a_failure(self):
        self.assertEqual(count_claims.count([], 0), (0, ["no claim was judged"]))

    def test_ties_and_skipped_have_a_line_of_their_own(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "claims.csv")
            with open(path, "w", encoding="utf-8") as file:
                file.write("id,statement,verdict\n")
                for verdict in ("pass", "tie", "tie", "skipped"):
                    file.write(f"c,s,{verdict}\n")
            out = io.StringIO()
            with contextlib.redirect_stdout(out), mock.patch.object(
                sys, "argv", ["count_claims.py", path, "0"]
            ), self.assertRaises(SystemExit) as end:
                count_claims.main()
        self.assertEqual(end.exception.code, 0)
        self.assertEqual(
            out.getvalue().splitlines(),
            [
                "2 tied (counted as passed), 1 skipped (counted as neither)",
                "3 passed, 0 failed",
            ],
        )


if __name__ == "__main__":
    unittest.main()
