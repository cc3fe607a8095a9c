"""_ffi.py says of every function, struct and number what confab.h says."""

import ctypes
import re

import pytest

from confab import _ffi, errors
from conftest import PACKAGE, SOURCE

HEADER = re.sub(r"/\*.*?\*/|//[^\n]*", "", (SOURCE / "capi" / "include" / "confab.h").read_text(), flags=re.DOTALL)
ASK = re.search(r"#define CONFAB_ASK (.*)", HEADER).group(1)
PLAIN = {"confab_status": ctypes.c_int32, "int32_t": ctypes.c_int32, "uint32_t": ctypes.c_uint32,
         "int64_t": ctypes.c_int64, "uint64_t": ctypes.c_uint64, "size_t": ctypes.c_size_t, "void": None}
# Texts that come with a length are read by it.
WITH_LENGTH = {"confab_event_json", "confab_event_string"}


def functions():
    found = {}
    for result, name, arguments in re.findall(r"CONFAB_API\s+([\w\s]+?[\s*]+?)(confab_\w+)\(([^)]*)\);", HEADER):
        found[name] = result, arguments.replace("CONFAB_ASK", ASK)
    return found


def structs():
    return {name: re.findall(r"([\w\s*]+?[\s*]+)(\w+);", body)
            for body, name in re.findall(r"typedef struct confab_\w+ \{(.*?)\} (confab_\w+);", HEADER, re.DOTALL)}


def as_ctypes(declared, output=True):
    """The ctypes type of a C type as the header writes it."""
    stars = declared.count("*")
    name = re.sub(r"\bconst\b|\*", "", declared).strip()
    if (name, stars) == ("char", 2):
        return ctypes.POINTER(ctypes.c_char_p)
    if (name, stars) in (("char", 1), ("void", 1)):
        return ctypes.c_char_p if name == "char" else ctypes.c_void_p
    made = _ffi.OPAQUE.get(name)
    if made is not None:
        stars -= 1  # the table holds pointers to what is opaque
    else:
        made = _ffi.STRUCTS[name] if name in _ffi.STRUCTS else PLAIN[name]
    for _ in range(stars):
        made = ctypes.POINTER(made)
    return made


def arguments_of(declared):
    if declared.strip() == "void":
        return []
    return [as_ctypes(re.sub(r"\w+\s*$", "", each.strip())) for each in declared.split(",")]


def test_every_function_is_there():
    assert len(functions()) > 60
    assert functions().keys() == _ffi.FUNCTIONS.keys()
    exported = (SOURCE / "capi" / "symbols.txt").read_text().split()
    assert sorted(functions()) == sorted(exported)


@pytest.mark.parametrize("name", functions())
def test_signature(name):
    result, arguments = functions()[name]
    signature = _ffi.FUNCTIONS[name]
    assert list(signature.arguments) == arguments_of(arguments)
    wanted = as_ctypes(result)
    assert signature.result == (ctypes.c_void_p if name in WITH_LENGTH else wanted)


@pytest.mark.parametrize("name", structs())
def test_struct(name):
    declared = [(member, as_ctypes(kind)) for kind, member in structs()[name]]
    assert [tuple(field) for field in _ffi.STRUCTS[name]._fields_] == declared


def test_every_struct_is_there():
    assert structs().keys() == _ffi.STRUCTS.keys()


def numbers():
    found = {name: int(value) for name, value in re.findall(r"(CONFAB_[A-Z_]+) = (\d+)", HEADER)}
    return {**found, "CONFAB_ABI": int(re.search(r"#define CONFAB_ABI (\d+)", HEADER).group(1))}


def test_numbers():
    believed = _ffi.constants()
    assert {name: numbers()[name] for name in believed} == believed
    for prefix in ("CONFAB_ROOM_", "CONFAB_MESSAGE_", "CONFAB_EVENT_", "CONFAB_LOG_"):
        assert {name for name in numbers() if name.startswith(prefix)} <= believed.keys()


def test_each_status_has_its_exception():
    body = re.search(r"typedef int32_t confab_status;\s*enum \{(.*?)\}", HEADER, re.DOTALL).group(1)
    declared = {int(value): name for name, value in re.findall(r"CONFAB_([A-Z_]+) = (\d+)", body)}
    unseen = {"OK", "CONSUMED", "WOULD_DEADLOCK"}
    assert {number for number, name in declared.items() if name not in unseen} == errors.BY_STATUS.keys()
    for number, kind in errors.BY_STATUS.items():
        assert kind.code.upper() == declared[number]


def test_what_blocks_gives_the_interpreter_away():
    """The header says of what blocks that it does: those, and the releases that may be a runtime's last."""
    blocking = {name for name, signature in _ffi.FUNCTIONS.items() if signature.blocks}
    assert blocking == {"confab_runtime_new", "confab_runtime_close", "confab_client_open", "confab_client_tenant",
                        *(f"confab_{noun}_release" for noun in ("runtime", "client", "tenant", "stream", "store"))}


def test_ctypes_is_in_one_module_only():
    modules = {path.name: path.read_text() for path in (PACKAGE / "src" / "confab").glob("*.py")}
    assert [name for name, text in modules.items() if "ctypes" in text] == ["_ffi.py"]
