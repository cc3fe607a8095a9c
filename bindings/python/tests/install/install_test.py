"""An sdist, a wheel from it, the package from a checkout, each in an environment that knows nothing of its origin.

What is compiled takes minutes the first time, so it is a suite of its own: scripts/test --suite install
"""

import ast
import json
import re
import shutil
import subprocess
import sys
import tarfile

import confab
import pytest
from environments import environment, pip_build, run
from fakes import PACKAGE, SOURCE, configuration
from versions import interpreters


def needed():
    """What an sdist takes along of the checkout."""
    backend = (PACKAGE / "build_backend" / "sources_along.py").read_text()
    return ast.literal_eval(re.search(r"^NEEDED = (.*)$", backend, re.MULTILINE).group(1))


def files(folder, *names):
    """Path and content of each that would be in an sdist."""
    for place in map(folder.joinpath, names):
        for path in [place] if place.is_file() else place.rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                yield str(path.relative_to(folder)), path.read_bytes()


def test_an_sdist_holds_what_a_wheel_is_built_from_and_nothing_else(sdist, folder):
    """So the wheel of the sdist is that of the checkout: no source is missing or another; no tests, nothing built."""
    here = dict(files(PACKAGE, "CMakeLists.txt", "pyproject.toml", "README.md", "src", "build_backend"))
    here.update((f"cpp/{name}", text) for name, text in files(SOURCE, *needed()))
    with tarfile.open(sdist) as archive:
        packed = {member.name.split("/", 1)[1]: archive.extractfile(member).read()
                  for member in archive.getmembers() if member.isfile()}
    packed.pop("PKG-INFO")
    assert packed.keys() == here.keys()
    assert [name for name in here if packed[name] != here[name]] == []
    assert {"cpp/CMakeLists.txt", "cpp/LICENSE", "cpp/capi/include/confab.h", "cpp/src/util/error.cpp",
            "src/confab/py.typed"} <= packed.keys()
    assert not [name for name in packed if re.search(r"_test\.|(^|/)(tests|bench|build)/|\.(o|so|a|pyc)$", name)]
    # Everything that git knows of these, where this is a checkout of git's.
    known = subprocess.run(["git", "ls-files", "-z", "--", *needed()], cwd=SOURCE, capture_output=True, text=True,
                           check=False)
    if known.returncode == 0 and known.stdout:
        assert {f"cpp/{name}" for name in known.stdout.split("\0") if (SOURCE / name).is_file()} <= packed.keys()


def test_a_wheel_that_pip_builds(built):
    """It says that it is for this machine's kind alone: it needs the libraries that are here."""
    assert re.fullmatch(rf"confab-{confab.__version__}-py3-none-linux_\w+\.whl", built.name)


def test_version():
    project = re.search(r"project\(confab VERSION (\S+)", (SOURCE / "CMakeLists.txt").read_text()).group(1)
    assert re.search(r'^version = "(.*?)"', (PACKAGE / "pyproject.toml").read_text(), re.MULTILINE).group(1) == project


def first_message(python, folder, homeserver, store=None, **environment):
    shutil.copy(SOURCE / "examples" / "python" / "first_message.py", folder)
    more = {} if store is None else {"store": store}
    (folder / "confab.json").write_text(json.dumps(configuration(folder, homeserver, **more)))
    told = run(python, "first_message.py", "confab.json", "picnic", "ana", folder=folder, **environment)
    assert "arrived: The first message" in told


def of_the_environment(python, folder):
    """The package that is found there and the library that it loads are the installed ones."""
    told = run(python, "-c", "import confab; print(confab.__file__); print(open('/proc/self/maps').read())",
               folder=folder)
    place = str(python.parent.parent)
    assert told.splitlines()[0].startswith(place)
    mapped = {line.split()[-1] for line in told.splitlines() if "libconfab" in line}
    assert len(mapped) == 1 and mapped.pop().startswith(place)
    assert str(SOURCE) not in told


def test_pip_installs_a_checkout(built, folder, fake, tmp_path):
    """`pip install CHECKOUT/bindings/python`, of a copy: it lies so that what the sdist's wheel compiled is not
    compiled anew, and nothing can be left in the real one."""
    place = folder / "again"
    checkout = place / f"confab-{confab.__version__}" / "cpp"
    checkout.mkdir(parents=True)
    for name in (*needed(), "bindings/python"):
        if (SOURCE / name).is_dir():
            shutil.copytree(SOURCE / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(SOURCE / name, checkout / name)
    before = {name for name, _ in files(checkout, ".")}
    python = environment(place / "venv")
    pip_build("--python", python, "install", checkout / "bindings" / "python", folder=tmp_path, place=place)
    assert {name for name, _ in files(checkout, ".")} == before
    shutil.rmtree(checkout)
    shutil.rmtree(place / "build")
    of_the_environment(python, tmp_path)
    first_message(python, tmp_path, fake.config())


@pytest.mark.parametrize("interpreter", interpreters())
def test_the_wheel_serves_every_interpreter(wheel, folder, fake, tmp_path, interpreter):
    python = environment(tmp_path / "venv", interpreter)
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-index", wheel, folder=tmp_path)
    of_the_environment(python, tmp_path)
    first_message(python, tmp_path, fake.config())
