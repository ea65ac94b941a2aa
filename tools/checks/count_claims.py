"""Counts the verdicts of a claims.csv that an experiment wrote.

    count_claims.py CLAIMS.csv EXIT_CODE

EXIT_CODE is the experiment's own. Prints the claims that failed, how many of
those that did not were ties or skipped, and last "N passed, N failed": a tie
(the seeds do not decide) counts as passed, a skipped claim (its data set is
missing) as neither. An experiment that ended with an error (another code than 0, or 2
for a failed claim) counts as one failure, as does one without any claim.
"""

import csv
import sys


def count(rows, exit_code):
    """Returns (passed, failures as text) of the rows as dicts."""
    passed, failures = 0, []
    for row in rows:
        if row["verdict"] in ("pass", "tie"):
            passed += 1
        elif row["verdict"] != "skipped":
            failures.append(f"{row['id']}: {row['statement']}: {row['verdict']}")
    if exit_code not in (0, 2) or (exit_code == 2 and not failures):
        failures.append(f"the program ended with exit code {exit_code}")
    if not rows:
        failures.append("no claim was judged")
    return passed, failures


def main():
    path, exit_code = sys.argv[1], int(sys.argv[2])
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError:
        rows = []
    passed, failures = count(rows, exit_code)
    for failure in failures:
        print(f"FAILED {failure}")
    verdicts = [row["verdict"] for row in rows]
    print(
        f"{verdicts.count('tie')} tied (counted as passed), "
        f"{verdicts.count('skipped')} skipped (counted as neither)"
    )
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
