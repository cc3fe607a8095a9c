"""An sdist, a wheel from it, and the package in an environment that knows nothing of the checkout.

All of it is compiled from the sdist, without optimization and in joined sources, through ccache where that is here, in
folders whose relative places are the same every time: only what changed is compiled. It takes minutes the first time, so
it is a suite of its own: scripts/test --suite install
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile

import confab
import pytest

from conftest import PACKAGE, SOURCE, Fake, configuration

CLEAN = {name: value for name, value in os.environ.items()
         if not name.startswith(("CONFAB_", "PYTHON", "SSL_CERT"))}


def run(*command, folder, code=0, **environment):
    done = subprocess.run([*map(str, command)], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, env={**CLEAN, **environment})
    assert done.returncode == code, done.stdout[-6000:]
    return done.stdout


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("install")
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def sdist(folder):
    """What lies in the folder above the package is in it; nothing of it stays behind."""
    run(sys.executable, "-m", "build", "--sdist", "--outdir", folder, PACKAGE, folder=folder)
    assert not (PACKAGE / "cpp").exists()
    return folder / f"confab-{confab.__version__}.tar.gz"


@pytest.fixture(scope="session")
def wheel(sdist, folder):
    with tarfile.open(sdist) as archive:
        archive.extractall(folder)
    launcher = {"CMAKE_CXX_COMPILER_LAUNCHER": "ccache", "CCACHE_BASEDIR": str(folder), "CCACHE_NOHASHDIR": "1"}
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder / "dist",
        "-C", f"build-dir={folder / 'build'}", "-C", "cmake.define.CMAKE_CXX_FLAGS_RELEASE=-O0",
        "-C", "cmake.define.CMAKE_UNITY_BUILD=ON", "-C", "cmake.define.CMAKE_UNITY_BUILD_BATCH_SIZE=6",
        "-C", "cmake.define.CONFAB_PRECOMPILE=ON",
        folder / f"confab-{confab.__version__}", folder=folder,
        CMAKE_BUILD_PARALLEL_LEVEL=str(os.cpu_count()),
        **(launcher if shutil.which("ccache") else {}))
    made, = (folder / "dist").iterdir()
    return made


@pytest.fixture(scope="session")
def python(wheel, folder):
    """An environment with nothing but the wheel."""
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--no-index", wheel, folder=folder)
    return python


def test_sdist(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"cpp/CMakeLists.txt", "cpp/LICENSE", "cpp/capi/include/confab.h", "cpp/src/util/error.cpp",
            "src/confab/py.typed", "build_backend/sources_along.py", "CMakeLists.txt"} <= names
    assert not [name for name in names if name.startswith("tests") or "__pycache__" in name]


def files(folder, *names):
    """Path and content of each that would be in an sdist."""
    for place in map(folder.joinpath, names):
        for path in [place] if place.is_file() else place.rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                yield str(path.relative_to(folder)), path.read_bytes()


def test_what_a_wheel_is_built_from_is_the_same_in_a_checkout(sdist, folder):
    """So the wheel of the sdist, which is built and tried here, is that of the checkout, without building it once more."""
    backend = (PACKAGE / "build_backend" / "sources_along.py").read_text()
    needed = ast.literal_eval(re.search(r"^NEEDED = (.*)$", backend, re.MULTILINE).group(1))
    here = dict(files(PACKAGE, "CMakeLists.txt", "pyproject.toml", "README.md", "src", "build_backend"))
    here.update((f"cpp/{name}", text) for name, text in files(SOURCE, *needed))
    with tarfile.open(sdist) as archive:
        packed = {member.name.split("/", 1)[1]: archive.extractfile(member).read()
                  for member in archive.getmembers() if member.isfile()}
    beside = {name for name in packed if name == "PKG-INFO" or name.startswith("bench/")}
    assert packed.keys() - beside == here.keys()
    assert [name for name in here if packed[name] != here[name]] == []
    # Without the copy it is the checkout's own sources that are built.
    run("cmake", "-S", PACKAGE, "-B", folder / "checkout", "-G", "Ninja", folder=folder)
    assert f"confab_SOURCE_DIR:STATIC={SOURCE}\n" in (folder / "checkout" / "CMakeCache.txt").read_text()


def test_wheel(wheel):
    assert re.fullmatch(rf"confab-{confab.__version__}-py3-none-(many)?linux\w+\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    modules = {f"confab/{path.name}" for path in (PACKAGE / "src" / "confab").iterdir() if path.is_file()}
    assert names == modules | {"confab/libconfab.so.0", "confab/LICENSE"}


def test_version():
    project = re.search(r"project\(confab VERSION (\S+)", (SOURCE / "CMakeLists.txt").read_text()).group(1)
    assert re.search(r'^version = "(.*?)"', (PACKAGE / "pyproject.toml").read_text(), re.MULTILINE).group(1) == project


def test_the_package_and_its_library_are_the_installed_ones(python, folder):
    told = run(python, "-c", "import confab; print(confab.__file__); print(open('/proc/self/maps').read())",
               folder=folder)
    assert told.splitlines()[0].startswith(str(folder / "venv"))
    mapped = {line.split()[-1] for line in told.splitlines() if "libconfab" in line}
    assert len(mapped) == 1 and mapped.pop().startswith(str(folder / "venv"))
    assert str(SOURCE) not in told


def test_first_message(python, folder, fake, tmp_path):
    shutil.copy(SOURCE / "examples" / "python" / "first_message.py", tmp_path)
    (tmp_path / "confab.json").write_text(json.dumps(configuration(tmp_path, fake.config())))
    told = run(python, "first_message.py", "confab.json", "picnic", "ana", folder=tmp_path)
    assert "arrived: The first message" in told


SHOW = """
import confab.sync, json
with confab.sync.Client("confab.json") as chat:
    try:
        print(chat.tenant().users.provision("ana", timeout=3).slug)
    except confab.Error as error:
        print(error.code)
"""


def test_the_system_s_authorities_are_found(python, folder, tmp_path):
    """They do not know the fake homeserver's: refused as that, not because there are none. Named, they do."""
    fake = Fake("--tls", "valid")
    try:
        (tmp_path / "confab.json").write_text(json.dumps(configuration(tmp_path, fake.config())))
        assert run(python, "-c", SHOW, folder=tmp_path).strip() == "unreachable"
        assert run(python, "-c", SHOW, folder=tmp_path, SSL_CERT_FILE=fake.about["ca_file"]).strip() == "ana"
    finally:
        fake.end()
