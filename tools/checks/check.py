"""What the checks of the tree have in common: `main` and how they report.

As a test (tools/checks/BUILD) a check gets the path of the WORKSPACE file and
follows it out of the test's own folder to the sources themselves. By hand:

    python3 -m tools.checks.<check> WORKSPACE
"""

import pathlib
import sys

from tools.checks import build_file


def main(check):
    """Runs check(tree), which yields a message per finding."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: check path/to/WORKSPACE")
    root = pathlib.Path(sys.argv[1]).resolve().parent
    tree = build_file.Tree(root)
    if not tree.rules:
        sys.exit(f"{root} has no BUILD file with a rule: is it the workspace?")
    findings = list(check(tree))
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings in {len(tree.files)} files")
    sys.exit(1 if findings else 0)
