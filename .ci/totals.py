"""Adds up the JUnit files and the steps of one run of .ci/run: prints the closing line, exits 1 on any failure.

Usage: totals.py REPORTS_DIRECTORY STEPS_PASSED STEPS_FAILED FAILED_STEP_NAMES
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def main() -> int:
    folder, passed, failed, failed_names = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    skipped = failed_tests = 0
    for report in sorted(folder.glob("*.xml")):
        for case in ElementTree.parse(report).iter("testcase"):
            outcomes = {child.tag for child in case}
            if outcomes & {"failure", "error"}:
                failed_tests += 1
                print(f"failed: {case.get('classname')}::{case.get('name')}")
            elif "skipped" in outcomes:
                skipped += 1
            else:
                passed += 1
    # A suite that failed without a failed test (it could not be installed, or collected) still counts as one failure.
    suites_failed = len(list(folder.glob("*.failed")))
    failed += failed_tests or suites_failed
    if failed_names:
        print(f"failed steps: {failed_names}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
