"""The build backend: scikit-build-core, and an sdist that carries the C++ sources, which lie above this package."""

import contextlib
import shutil
from pathlib import Path

from scikit_build_core import build as backend
from scikit_build_core.build import (build_editable, build_wheel, get_requires_for_build_editable,
                                     get_requires_for_build_sdist, get_requires_for_build_wheel,
                                     prepare_metadata_for_build_editable, prepare_metadata_for_build_wheel)

__all__ = ["build_editable", "build_sdist", "build_wheel", "get_requires_for_build_editable",
           "get_requires_for_build_sdist", "get_requires_for_build_wheel", "prepare_metadata_for_build_editable",
           "prepare_metadata_for_build_wheel"]

PACKAGE = Path(__file__).resolve().parent.parent
COPY = PACKAGE / "cpp"
NEEDED = ("CMakeLists.txt", "LICENSE", "cmake", "include", "src", "capi")


@contextlib.contextmanager
def _sources():
    """The sources beside the package, for as long as an sdist is made; in one, they are there."""
    if COPY.exists():
        yield
        return
    try:
        for name in NEEDED:
            place = PACKAGE.parents[1] / name
            if place.is_dir():
                shutil.copytree(place, COPY / name)
            else:
                COPY.mkdir(exist_ok=True)
                shutil.copy2(place, COPY / name)
        yield
    finally:
        shutil.rmtree(COPY, ignore_errors=True)


def build_sdist(sdist_directory, config_settings=None):
    with _sources():
        return backend.build_sdist(sdist_directory, config_settings)
