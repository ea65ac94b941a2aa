"""Counts test cases from the events of a `bazel test`.

    count_tests.py EVENTS.json EXIT_CODE

EVENTS.json is what --build_event_json_file wrote, EXIT_CODE Bazel's own. Prints
the cases that failed and, last, "N passed, N failed". A test that ended without
saying which case failed counts as one failure, and so does a build that failed
or a call that ran no test. The exit code is 0 only when nothing failed.
"""

import json
import sys
import urllib.parse
import xml.etree.ElementTree

_NOT_RUN = {"skipped", "suppressed", "notrun"}


def _cases(path):
    """Returns (passed, names of failed cases) of a test.xml."""
    passed, failed = 0, []
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname', '')}.{case.get('name', '')}".strip(".")
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(name)
        elif case.find("skipped") is None and not (
            _NOT_RUN & {case.get("status"), case.get("result")}
        ):
            passed += 1
    return passed, failed


def _count_attempt(result):
    """Counts one testResult event."""
    passed, failed = 0, []
    for output in result.get("testActionOutput", []):
        if output["name"] == "test.xml":
            path = urllib.parse.unquote(urllib.parse.urlparse(output["uri"]).path)
            try:
                passed, failed = _cases(path)
            except (OSError, xml.etree.ElementTree.ParseError):
                pass
    if result.get("status") == "PASSED":
        return max(passed, 1), []
    return passed, failed or [result.get("status", "no status")]


def count(events, bazel_code):
    """Returns (passed, failures as text) of a list of build events."""
    passed, failures = 0, []
    for event in events:
        if "testResult" in event:
            label = event["id"]["testResult"]["label"]
            ok, bad = _count_attempt(event["testResult"])
            passed += ok
            failures += [f"{label}: {name}" for name in bad]
        elif "testSummary" in event:
            summary = event["testSummary"]
            if summary.get("overallStatus") in ("NO_STATUS", "FAILED_TO_BUILD"):
                label = event["id"]["testSummary"]["label"]
                failures.append(f"{label}: did not build or did not run")
    if bazel_code != 0 and not failures:
        failures.append(f"bazel ended with exit code {bazel_code}")
    if passed == 0 and not failures:
        failures.append("no test ran")
    return passed, failures


def main():
    path, bazel_code = sys.argv[1], int(sys.argv[2])
    try:
        with open(path, encoding="utf-8") as file:
            events = [json.loads(line) for line in file if line.strip()]
    except OSError:
        events = []
    passed, failures = count(events, bazel_code)
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
