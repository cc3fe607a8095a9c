"""The suite once more by the oldest and the newest interpreter of this machine, side by side: all of it that needs no
Synapse and is not run by every interpreter anyway. Arguments go to pytest. Exit 77 where run.py runs by the only one.
"""

import os
import subprocess
import sys
from pathlib import Path

from versions import interpreters

PACKAGE = Path(__file__).resolve().parent.parent
# What judges types and the commands asks no interpreter; a host that is busy is measured, with the machine for itself.
LEFT_OUT = ["--ignore=tests/typing_test.py", "--ignore=tests/commands_test.py", "--ignore=tests/cancellation_test.py",
            "-k", "not by_every_interpreter and not busy_thread", "-m", "not synapse"]


def tools(*arguments):
    """The interpreter of the environment that scripts/python-tools makes."""
    told = subprocess.run([str(PACKAGE.parents[1] / "scripts" / "python-tools"), *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True, check=True)
    return f"{told.stdout.strip()}/bin/python"


def minor(python):
    return subprocess.run([python, "-c", "import sys; print(sys.version_info[1])"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def main():
    usual = minor(tools())
    found = interpreters()
    wanted = [each for each in dict.fromkeys(found[:1] + found[-1:]) if minor(each) != usual]
    if not wanted:
        print(f"SKIPPED: Python 3.{usual}, which runs the suite, is the only one here")
        return 77
    running = []
    for each in wanted:
        command = [tools("pytest", each), "-B", "-m", "pytest", *LEFT_OUT, *sys.argv[1:]]
        running.append((each, subprocess.Popen(command, cwd=PACKAGE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                               stderr=subprocess.STDOUT, text=True,
                                               env={**os.environ, "CONFAB_TEST_EVENTS": "100000"})))
    ended = [(each, process.communicate()[0], process.returncode) for each, process in running]
    for each, told, code in ended:
        print(f"{each}:\n{told}")
    return max(code for _, _, code in ended)


sys.exit(main())
