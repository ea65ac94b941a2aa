"""Events of Bazel, made by hand, and what is counted from them."""

import pathlib
import tempfile
import unittest

from tools.checks import count_tests


class CountTestsTest(unittest.TestCase):
    def event(self, status, xml=None):
        outputs = []
        if xml is not None:
            folder = pathlib.Path(self.enterContextFolder())
            (folder / "test xml").write_text(xml)
            outputs = [{"name": "test.xml", "uri": f"file://{folder}/test%20xml"}]
        return {
            "id": {"testResult": {"label": "//a:b"}},
            "testResult": {"status": status, "testActionOutput": outputs},
        }

    def enterContextFolder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return folder.name

    def test_counts_cases_not_targets(self):
        xml = (
            "<testsuites><testsuite>"
            '<testcase name="A" classname="T"/><testcase name="B" classname="T"/>'
            '<testcase name="C" classname="T" status="notrun"/>'
            '<testcase name="D" classname="T"><skipped/></testcase>'
            "</testsuite></testsuites>"
        )
        self.assertEqual(count_tests.count([self.event("PASSED", xml)], 0), (2, []))

    def test_names_the_cases_that_failed(self):
        xml = (
            '<testsuite><testcase name="A" classname="T"/>'
            '<testcase name="B" classname="T"><failure/></testcase></testsuite>'
        )
        self.assertEqual(count_tests.count([self.event("FAILED", xml)], 3), (1, ["//a:b: T.B"]))

    def test_a_crash_or_timeout_without_a_failed_case_is_a_failure(self):
        xml = '<testsuite><testcase name="A"/></testsuite>'
        for status in ("FAILED", "TIMEOUT"):
            self.assertEqual(
                count_tests.count([self.event(status, xml)], 3), (1, [f"//a:b: {status}"])
            )
            self.assertEqual(
                count_tests.count([self.event(status)], 3), (0, [f"//a:b: {status}"])
            )
            self.assertEqual(
                count_tests.count([self.event(status, "<broken")], 3),
                (0, [f"//a:b: {status}"]),
            )

    def test_a_test_that_did_not_build_is_a_failure(self):
        event = {
            "id": {"testSummary": {"label": "//a:b"}},
            "testSummary": {"overallStatus": "NO_STATUS"},
        }
        passed, failures = count_tests.count([event], 1)
        self.assertEqual((passed, len(failures)), (0, 1))

    def test_a_failed_build_or_an_empty_run_is_a_failure(self):
        self.assertEqual(count_tests.count([], 1)[1], ["bazel ended with exit code 1"])
        self.assertEqual(count_tests.count([], 0)[1], ["no test ran"])
        passing = self.event("PASSED")
        self.assertEqual(count_tests.count([passing], 1)[1], ["bazel ended with exit code 1"])
        self.assertEqual(count_tests.count([passing], 0), (1, []))


if __name__ == "__main__":
    unittest.main()
