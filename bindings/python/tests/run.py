"""Runs the tests of the Python package in the environment that scripts/python-tools makes; arguments go to pytest."""

import os
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
TOOLS = subprocess.run([str(PACKAGE.parents[1] / "scripts" / "python-tools")], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

os.environ["PATH"] = f"{TOOLS}/bin{os.pathsep}{os.environ['PATH']}"
os.chdir(PACKAGE)
os.execv(f"{TOOLS}/bin/python", [f"{TOOLS}/bin/python", "-B", "-m", "pytest", *sys.argv[1:]])
