"""What the tests of installed packages share: commands that know nothing of the checkout, and how it is compiled."""

import os
import shutil
import subprocess
import sys
import venv

# What the session that runs the tests has set would be found by what is installed, too.
CLEAN = {name: value for name, value in os.environ.items()
         if not name.startswith(("CONFAB_", "PYTHON", "SSL_CERT"))}


def run(*command, folder, code=0, **environment):
    done = subprocess.run([*map(str, command)], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, env={**CLEAN, **environment})
    assert done.returncode == code, done.stdout[-6000:]
    return done.stdout


def pip_build(*command, folder, place):
    """pip, with what it compiles in place/build: without optimization, in joined sources.

    Through ccache, where that is here, by names that are relative to the place: sources that lie in the same folder of
    two places are compiled once.
    """
    launcher = {"CMAKE_CXX_COMPILER_LAUNCHER": "ccache", "CCACHE_BASEDIR": str(place), "CCACHE_NOHASHDIR": "1",
                # As cmake/speed.cmake says; without, nothing that takes a precompiled header is kept.
                "CCACHE_SLOPPINESS": "pch_defines,time_macros,include_file_mtime,include_file_ctime"}
    run(sys.executable, "-m", "pip", *command, "-C", f"build-dir={place / 'build'}",
        "-C", "cmake.define.CMAKE_CXX_FLAGS_RELEASE=-O0", "-C", "cmake.define.CMAKE_UNITY_BUILD=ON",
        "-C", "cmake.define.CMAKE_UNITY_BUILD_BATCH_SIZE=6", "-C", "cmake.define.CONFAB_PRECOMPILE=ON",
        folder=folder, CMAKE_BUILD_PARALLEL_LEVEL=str(os.cpu_count()), **(launcher if shutil.which("ccache") else {}))


def environment(folder, python=sys.executable):
    """A virtual environment with nothing in it, of one of this machine's interpreters; the path of its interpreter."""
    if python == sys.executable:
        venv.create(folder, with_pip=False)
    else:
        run(python, "-m", "venv", "--without-pip", folder, folder=folder.parent)
    return folder / "bin" / "python"
