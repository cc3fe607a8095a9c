"""The rules of the source tree. Each is a function that takes a Tree and yields violations as (path, line, text)."""

import re
import subprocess
from pathlib import Path

# Dependencies point left only.
LAYERS = ("util", "store", "net", "matrix", "credentials", "services", "chat", "gateway", "capi")
# Names that say nothing about which question a file answers.
BANNED_STEMS = {"manager", "helper", "helpers", "util", "utils", "common", "misc", "base", "impl"}
CODE = (".cpp", ".hpp", ".h", ".c", ".ipp")
LONGEST_FILE = 600
LEAST_COMMENT_SHARE = 0.5

TOP_LEVEL = {
    "CMakeLists.txt", "CMakePresets.json", "include", "src", "capi", "bindings", "examples", "tests", "docs", "scripts",
    ".ci", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE",
}
# For formatting, linting and version control; and cmake/, when the build needs it.
TOP_LEVEL_OPTIONAL = {".clang-format", ".clang-tidy", ".editorconfig", ".gitattributes", ".gitignore", "cmake"}

# What a third-party header may be included by. A path matches by its beginning; none of them fits under include/.
THIRD_PARTY = (
    ("RapidJSON", re.compile(r"rapidjson/"), ("src/util/json.cpp",)),
    ("libcurl", re.compile(r"curl/"), ("src/net/",)),
    ("Boost", re.compile(r"boost/"), ("src/net/",)),
    ("SQLite", re.compile(r"sqlite3(ext)?\.h$"), ("src/store/sqlite_",)),
    ("libpq", re.compile(r"(libpq-fe\.h$|libpq/|postgresql/)"), ("src/store/postgresql_",)),
    ("fmt", re.compile(r"fmt/"), ("src/", "capi/", "examples/")),
    ("OpenSSL", re.compile(r"openssl/"), ("src/",)),
    ("CLI11", re.compile(r"CLI/"), ("examples/",)),
)

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
STANDARD_HEADER = re.compile(r"^[a-z_0-9]+$")
# Written so that this line does not fit itself.
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:home/[a-z]|Users/[A-Za-z]|root/|[w]ork/|[f]arm/|tmp/[w]t/|mnt/[a-z]/)")
BASH = re.compile(r"^#!\s*/(?:usr/)?bin/(?:env\s+)?(?:bash|sh)\b")


class Tree:
    """The files of a checkout, as version control would see them."""

    def __init__(self, root):
        self.root = Path(root)
        self.files = sorted(self._versioned() or self._walked())

    def _versioned(self):
        if not (self.root / ".git").exists():
            return []
        listed = subprocess.run(["git", "-C", str(self.root), "ls-files", "-z", "--cached", "--others",
                                 "--exclude-standard"], check=False, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL)
        names = listed.stdout.decode().split("\0") if listed.returncode == 0 else []
        return [name for name in names if name and (self.root / name).is_file()]

    def _walked(self):
        skipped = {".git", "build", ".cache", ".demo", "__pycache__"}
        return [path.relative_to(self.root).as_posix() for path in self.root.rglob("*")
                if path.is_file() and not skipped.intersection(path.relative_to(self.root).parts)]

    def text(self, name):
        return (self.root / name).read_text(encoding="utf-8", errors="replace")

    def code(self, *folders):
        return [name for name in self.files if name.endswith(CODE) and name.startswith(folders)]

    def includes(self, *folders):
        """(file, line number, '<' or '"', included name) of each include directive."""
        for name in self.code(*folders):
            for number, line in enumerate(self.text(name).splitlines(), 1):
                found = INCLUDE.match(line)
                if found:
                    yield name, number, found.group(1), found.group(2)


def layer_of(name):
    parts = name.split("/")
    if parts[0] == "capi":
        return "capi"
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def include_direction(tree):
    """A layer includes itself and what stands left of it."""
    for name in tree.code("src/"):
        if layer_of(name) not in LAYERS:
            yield name, 1, f"is in no layer; the layers are {' '.join(LAYERS)}"
    for name, number, _, included in tree.includes("src/", "capi/"):
        own, other = layer_of(name), included.split("/")[0]
        if own in LAYERS and "/" in included and other in LAYERS and LAYERS.index(other) > LAYERS.index(own):
            yield name, number, f"layer {own} includes {included}, which is to its right"


def include_spelling(tree):
    """Our own headers are named from the include root, so that the layer can be read off every line."""
    for name, number, bracket, included in tree.includes("src/"):
        if bracket == '"' and included.split("/")[0] not in LAYERS:
            yield name, number, f'"{included}" does not begin with a layer'
        if bracket == '"' and not (tree.root / "src" / included).exists():
            yield name, number, f'"{included}" is not under src/'
        if bracket == "<" and included.split("/")[0] in LAYERS:
            yield name, number, f"<{included}> is ours: quotes, not brackets"


def public_includes(tree):
    """Public headers include the standard library and each other, nothing else."""
    for name, number, bracket, included in tree.includes("include/"):
        if bracket == '"':
            yield name, number, f'"{included}": public headers use <confab/...>'
        elif not STANDARD_HEADER.match(included) and not included.startswith("confab/"):
            yield name, number, f"<{included}> under include/"


def c_includes(tree):
    """The C header needs no library's headers; the code behind it stands on the public C++ API, and on JSON for results."""
    for name, number, bracket, included in tree.includes("capi/"):
        if name.startswith("capi/include/"):
            if (bracket, included) not in {("<", "stddef.h"), ("<", "stdint.h")}:
                yield name, number, f"{included} in the C header"
        elif bracket == '"' and included != "util/json.hpp" and not (
                included.startswith("capi/") and (tree.root / included).exists()):
            yield name, number, f'"{included}": capi includes <confab/...>, "capi/..." and "util/json.hpp"'


def third_party(tree):
    """Each third-party library is seen by one layer only."""
    for name, number, _, included in tree.includes("src/", "include/", "capi/", "examples/"):
        for library, pattern, allowed in THIRD_PARTY:
            if pattern.match(included) and not name.startswith(allowed):
                yield name, number, f"{library} (<{included}>) is for {' '.join(allowed)} only"


def link_direction(tree):
    """CMake gives each layer its left neighbour and no other."""
    declared = re.compile(r"confab_layer\(\s*(\w+)\s+LEFT\s+(\"\"|\w+)")
    if "CMakeLists.txt" not in tree.files:
        return
    for number, line in enumerate(tree.text("CMakeLists.txt").splitlines(), 1):
        found = declared.search(line)
        if not found:
            continue
        name, left = found.group(1), found.group(2).strip('"')
        place = LAYERS.index(name) if name in LAYERS else -1
        wanted = LAYERS[place - 1] if place > 0 else ""
        if place < 0 or left != wanted:
            yield "CMakeLists.txt", number, f"layer {name} has {left or 'nothing'} on its left, not {wanted or 'nothing'}"


def file_names(tree):
    """A file is named with the word in the question it answers."""
    for name in tree.code("src/", "include/", "capi/", "examples/", "tests/", "bindings/"):
        stem = Path(name).stem
        if BANNED_STEMS.intersection(stem.lower().split("_")[i] for i in (0, -1)):
            yield name, 1, f"the name {stem} says nothing about what it answers"
        if stem != stem.lower() or "-" in stem:
            yield name, 1, f"the name {stem} is not snake_case"


def file_length(tree):
    for name in tree.code("src/", "include/", "capi/"):
        lines = len(tree.text(name).splitlines())
        if lines > LONGEST_FILE:
            yield name, LONGEST_FILE + 1, f"{lines} lines, more than {LONGEST_FILE}: it answers two questions"


def comment_share_of(text):
    """Comment lines over all lines that are not blank. A line of code with a comment behind it counts as one of each."""
    comments = code = 0
    inside = False
    for line in map(str.strip, text.splitlines()):
        if not line:
            continue
        if inside or line.startswith(("//", "/*")):
            comments += 1
        else:
            code += 1
            comments += 1 if re.search(r"//[/!]", line) else 0
        if inside or line.startswith("/*"):
            inside = "*/" not in line
    return comments / (comments + code) if comments + code else 1.0


def header_comments(tree):
    """Public headers are the manual."""
    for name in tree.code("include/", "capi/include/"):
        share = comment_share_of(tree.text(name))
        if share < LEAST_COMMENT_SHARE:
            yield name, 1, f"{share:.0%} of its lines are comments, less than {LEAST_COMMENT_SHARE:.0%}"


def top_level(tree):
    present = {name.split("/")[0] for name in tree.files}
    for missing in sorted(TOP_LEVEL - present):
        yield missing, 0, "is missing at the top level"
    for extra in sorted(present - TOP_LEVEL - TOP_LEVEL_OPTIONAL):
        yield extra, 0, "does not belong at the top level"


def machine_paths(tree):
    """Nothing names a path that only one machine has."""
    for name in tree.files:
        try:
            text = (tree.root / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # fuzz seeds and other binary files
        for number, line in enumerate(text.splitlines(), 1):
            if MACHINE_PATH.search(line):
                yield name, number, "names a path of one machine: " + line.strip()[:120]


# What takes a device from the homeserver, and with it what that remembers of sends that are undecided.
ENDS_DEVICES = re.compile(r"\b(Logout|LogoutAll|DeleteDevices?|AdminDeleteDevices|AdminDeactivate)\b|\blog_out_devices\(true\)")


def devices_stay(tree):
    """Nothing above the endpoints logs a user out, deletes a device or resets a password so that devices go. Whoever
    adds such a thing has to ask the outbox and the running calls first whether they hold the device (docs/outbox.md)."""
    for name in tree.code("src/credentials/", "src/services/", "src/chat/", "src/gateway/", "capi/"):
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            if ENDS_DEVICES.search(line.split("//", 1)[0]):
                yield name, number, "ends a device of a user; see docs/outbox.md"


def scripts_parse(tree):
    """Every shell script is at least a program."""
    for name in tree.files:
        if "." in Path(name).name and not name.endswith(".sh"):
            continue
        first = tree.text(name).split("\n", 1)[0]
        if not BASH.match(first) and not name.endswith(".sh"):
            continue
        checked = subprocess.run(["bash", "-n", str(tree.root / name)], stdin=subprocess.DEVNULL, check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if checked.returncode != 0:
            yield name, 1, "bash -n: " + checked.stdout.strip().replace("\n", "; ")
        if "set -eu" not in tree.text(name):
            yield name, 1, "has no 'set -euo pipefail'"


ALL = (include_direction, include_spelling, public_includes, c_includes, third_party, link_direction, file_names,
       file_length, header_comments, top_level, machine_paths,
       devices_stay, scripts_parse)
