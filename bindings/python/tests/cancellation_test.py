"""A cancelled await cancels its operation, and nothing that may have happened vanishes: by every interpreter that is here."""

import os
import subprocess

import pytest

import cancellation
from conftest import PACKAGE
from versions import interpreters


@pytest.mark.parametrize("python", interpreters())
def test_what_is_cancelled_or_runs_out_of_time(python):
    done = subprocess.run([python, "-B", "-W", "error", str(PACKAGE / "tests" / "cancellation.py")],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
                          env=os.environ)
    assert (done.returncode, done.stderr) == (0, "")
    passed = done.stdout.split()
    all_of_them = [case.__name__ for case in cancellation.CASES]
    assert passed in (all_of_them, all_of_them[:cancellation.OLD_ENOUGH])
