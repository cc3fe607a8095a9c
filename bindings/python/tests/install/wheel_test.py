"""The wheel that is given away: it carries its libraries, which take nothing from the system's and leave the
interpreter's alone; and it finds the system's certificates wherever a distribution keeps them."""

import base64
import json
import re
import secrets
import shutil
import subprocess
import zipfile
from pathlib import Path

import confab
import pytest
from environments import run
from fakes import PACKAGE, SOURCE, configuration
from install_test import first_message

# What every Linux of the wheel's tag has, as PEP 600 and auditwheel's policies say.
EVERYWHERE = {"linux-vdso", "ld-linux-x86-64", "libc", "libm", "libgcc_s", "libstdc++", "libresolv", "libz"}

SHOW = """
import confab.sync
with confab.sync.Client("confab.json") as chat:
    try:
        print(chat.tenant().users.provision("ana", timeout=3).slug)
    except confab.Error as error:
        print(error.code, error)
"""


def carried(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {name.split("/")[1] for name in archive.namelist() if re.match(r"confab\.libs/.", name)}


def test_what_is_in_it(wheel):
    assert re.fullmatch(rf"confab-{confab.__version__}-py3-none-manylinux_2_\d+_x86_64\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name and not name.endswith("/")}
        notices = archive.read("confab/NOTICES").decode()
    modules = {f"confab/{path.name}" for path in (PACKAGE / "src" / "confab").iterdir() if path.is_file()}
    libraries = {name for name in names if name.startswith("confab.libs/")}
    assert names - libraries == modules | {"confab/libconfab.so.0", "confab/LICENSE", "confab/NOTICES"}
    told = {re.match(r"confab\.libs/lib([a-z0-9]+)", name).group(1) for name in libraries}
    assert {"curl", "ssl", "crypto", "pq", "sqlite3", "nghttp2"} <= told
    assert [each for each in carried(wheel) if each not in notices] == []
    assert "OpenSSL" in notices and "GNU LESSER GENERAL PUBLIC LICENSE" in notices


def test_a_library_whose_licence_is_not_known_makes_no_wheel(tmp_path):
    (tmp_path / "libmadeup-0a1b2c3d.so.1").touch()
    told = run(SOURCE / "scripts" / "wheel-notices", tmp_path, folder=tmp_path, code=1)
    assert "libmadeup.so.1" in told


def library(python):
    place, = python.parent.parent.glob("lib/python3*/site-packages/confab/libconfab.so.0")
    return place


def test_the_library_offers_what_it_did(python, folder):
    told = run("nm", "--dynamic", "--defined-only", "--with-symbol-versions", library(python), folder=folder)
    offered = {line.split()[-1] for line in told.splitlines()} - {"CONFAB_0"}
    wanted = (SOURCE / "capi" / "symbols.txt").read_text().split()
    assert offered == {f"{name}@@CONFAB_0" for name in wanted}


def test_every_library_is_the_wheel_s_own(python, folder, wheel):
    """And what those need in turn; but what is everywhere."""
    found = dict(re.findall(r"^\s*(\S+) => (\S+) ", run("ldd", library(python), folder=folder), re.MULTILINE))
    own = {name for name, place in found.items() if str(folder) in str(Path(place).resolve())}
    assert own == carried(wheel)
    assert {name.split(".so")[0] for name in found.keys() - own} <= EVERYWHERE


@pytest.fixture(scope="session")
def unshared():
    """Starts a command where mounts are its own; a skip where that is not allowed."""
    command = ["unshare", "--map-root-user", "--mount"]
    try:
        trial = [*command, "mount", "--bind", "/dev/null", "/etc/passwd"]
        may = subprocess.run(trial, capture_output=True, check=False)
    except OSError as failure:
        pytest.skip(f"unshare cannot be started: {failure}")
    if may.returncode != 0:
        pytest.skip(f"this system lets nobody have mounts of one's own: {may.stderr.decode().strip()}")

    def made(python, mounts, environment):
        """A program that takes the place of the interpreter: binds each of the first over the second."""
        script = "".join(f"mount --bind '{over}' '{place}' || exit 99\n" for place, over in mounts.items())
        start = environment / "unshared"
        start.write_text(f"#!/bin/sh\nexec {' '.join(command)} sh -c '{script.replace(chr(39), chr(34))}exec \"$@\"' "
                         f"python '{python}' \"$@\"\n")
        start.chmod(0o755)
        return start

    return made


@pytest.fixture
def without(python, wheel, unshared, tmp_path):
    """The interpreter where no library that the wheel carries is the system's. It has no `ssl` then, either."""
    names = {re.sub(r"-[0-9a-f]{8}(?=\.)", "", name, count=1).split(".so")[0] for name in carried(wheel)}
    names.remove("libffi")  # ctypes needs it
    hidden = [path for name in names for path in Path("/usr/lib").glob(f"*-linux-gnu/{name}.so.*") if path.is_file()]
    assert len(hidden) >= len(names)
    made = unshared(python, {path: "/dev/null" for path in hidden}, tmp_path)
    look = "try:\n import ssl\nexcept ImportError as failure:\n print(failure)"
    assert "libssl.so" in run(made, "-c", look, folder=tmp_path)
    return made


def test_first_message_by_tls_without_the_system_s_libraries(without, secured, tmp_path):
    first_message(without, tmp_path, secured.config(), SSL_CERT_FILE=secured.about["ca_file"])
    assert run(without, "-c", SHOW, folder=tmp_path).startswith("unreachable ")


@pytest.fixture
def database():
    """A PostgreSQL that takes nothing but TLS."""
    server = subprocess.Popen([str(SOURCE / "scripts" / "postgresql"), "run", "--tls"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    yield json.loads(server.stdout.readline())
    server.communicate()


def store_key(folder):
    key = folder / "keys"
    key.touch(mode=0o600)
    key.write_text(f"first {base64.b64encode(secrets.token_bytes(32)).decode()}\n")
    return str(key)


def test_an_sqlite_store_without_the_system_s_libraries(without, fake, tmp_path):
    place = tmp_path / "store.db"
    store = {"kind": "sqlite", "path": str(place), "key_file": store_key(tmp_path)}
    first_message(without, tmp_path, fake.config(), store)
    assert place.stat().st_size > 0


def test_a_postgresql_store_without_the_system_s_libraries(without, fake, database, tmp_path):
    """By libpq's TLS."""
    # Where its own is, only the server's user and a root of the whole system may look.
    authority = shutil.copy(database["authority"], tmp_path)
    dsn = "postgresql://{user}:{password}@{host}:{port}/{database}".format(**database)
    store = {"kind": "postgresql", "dsn": f"{dsn}?sslrootcert={authority}", "key_file": store_key(tmp_path)}
    first_message(without, tmp_path, fake.config(), store)


def test_the_system_s_authorities_are_found(python, tmp_path, secured):
    """They do not know the fake homeserver's: refused as that, not because there are none. Named, they do."""
    (tmp_path / "confab.json").write_text(json.dumps(configuration(tmp_path, secured.config())))
    refused = run(python, "-c", SHOW, folder=tmp_path)
    assert refused.startswith("unreachable ") and "certificate" in refused
    assert run(python, "-c", SHOW, folder=tmp_path, SSL_CERT_FILE=secured.about["ca_file"]).strip() == "ana"


PLACES = {"Debian": "ssl/certs/ca-certificates.crt", "Fedora": "pki/tls/certs/ca-bundle.crt",
          "RHEL": "pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "SUSE": "ssl/ca-bundle.pem", "Alpine": "ssl/cert.pem",
          "none": None}


@pytest.mark.parametrize("distribution", PLACES)
def test_authorities_are_found_where_a_distribution_keeps_them(python, secured, unshared, tmp_path, distribution):
    """The OpenSSL that is carried would look where Debian keeps them. A folder is in the place of /etc, empty else."""
    etc = tmp_path / "etc"
    etc.mkdir()
    for name in ("passwd", "group", "hosts", "nsswitch.conf", "ld.so.cache"):
        shutil.copy(Path("/etc") / name, etc)
    if PLACES[distribution] is not None:
        (etc / PLACES[distribution]).parent.mkdir(parents=True)
        shutil.copy(secured.about["ca_file"], etc / PLACES[distribution])
    (tmp_path / "confab.json").write_text(json.dumps(configuration(tmp_path, secured.config())))
    told = run(unshared(python, {"/etc": etc}, tmp_path), "-c", SHOW, folder=tmp_path).strip()
    if PLACES[distribution] is None:
        assert "install ca-certificates" in told
    else:
        assert told == "ana"


BESIDE = """
import sys, urllib.request
ca, url, first = sys.argv[1:]

def by_python():
    import ssl
    context = ssl.create_default_context(cafile=ca)
    with urllib.request.urlopen(url + "/_matrix/client/versions", context=context) as answer:
        assert answer.status == 200 and answer.read()
    try:
        urllib.request.urlopen(url + "/_matrix/client/versions")
        raise AssertionError("an unknown authority was believed")
    except OSError as refused:
        assert isinstance(refused.reason, ssl.SSLCertVerificationError)

def by_confab():
    import confab.sync
    with confab.sync.Client("confab.json") as chat:
        assert chat.tenant().users.provision("ana").slug == "ana"

order = [by_python, by_confab]
for step in (order if first == "python" else order[::-1]) * 2:
    step()
mapped = {line.split()[-1] for line in open("/proc/self/maps") if "libcrypto" in line}
assert len(mapped) == 2, mapped
print("both")
"""


@pytest.mark.parametrize("first", ["python", "confab"])
def test_the_interpreter_s_own_ssl_is_not_met(python, secured, tmp_path, first):
    """Two copies of OpenSSL in one process, each with requests and refusals of its own."""
    ca = secured.about["ca_file"]
    config = configuration(tmp_path, {**secured.config(), "ca_file": ca})
    (tmp_path / "confab.json").write_text(json.dumps(config))
    assert run(python, "-c", BESIDE, ca, secured.config()["url"], first, folder=tmp_path).strip() == "both"
