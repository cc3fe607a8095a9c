"""An sdist, a wheel from it as pip builds it, and that wheel with the libraries it needs: each made once."""

import os
import shutil
import sys
import tarfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import fakes  # noqa: E402
from environments import environment, pip_build, run  # noqa: E402

import confab  # noqa: E402


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("install")
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def sdist(folder):
    """What lies in the folder above the package is in it; nothing of it stays behind."""
    run(sys.executable, "-m", "build", "--sdist", "--outdir", folder, fakes.PACKAGE, folder=folder)
    assert not (fakes.PACKAGE / "cpp").exists()
    return folder / f"confab-{confab.__version__}.tar.gz"


@pytest.fixture(scope="session")
def built(sdist, folder):
    """The wheel as pip builds it, which needs the system's libraries."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder)
    pip_build("wheel", "--no-deps", "--wheel-dir", folder / "built", folder / f"confab-{confab.__version__}",
              folder=folder, place=folder)
    made, = (folder / "built").iterdir()
    return made


@pytest.fixture(scope="session")
def wheel(built, folder):
    """The wheel as it is given away."""
    cache = {name: value for name, value in os.environ.items() if name == "CONFAB_CACHE_DIR"}
    script = fakes.SOURCE / "scripts" / "wheel"
    told = run(script, "--repair", built, "--outdir", folder / "dist", folder=folder, **cache)
    made, = (folder / "dist").iterdir()
    assert told.splitlines()[-1] == str(made)
    return made


@pytest.fixture(scope="session")
def python(wheel, folder):
    """An environment with nothing but the wheel."""
    python = environment(folder / "venv")
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-index", wheel, folder=folder)
    return python


@pytest.fixture
def secured():
    """A fake homeserver whose certificate no system knows."""
    running = fakes.Fake("--tls", "valid")
    yield running
    running.end()
