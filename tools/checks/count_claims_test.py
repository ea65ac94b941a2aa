"""Tables of claims, made by hand, and what is counted from them."""

import unittest

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


if __name__ == "__main__":
    unittest.main()
