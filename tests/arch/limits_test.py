"""docs/limits.md and the code name the same bounds with the same values."""

import re
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import rules  # noqa: E402

PAGE = "docs/limits.md"
# | `name` | value | [file](../src/layer/file.hpp) | what happens |
ROW = re.compile(r"^\|\s*`(\w+)`\s*\|\s*([^|]+?)\s*\|\s*\[[^\]]*\]\(\.\./((?:src|include|examples|capi)/[^)]+)\)\s*\|\s*([^|]*?)\s*\|\s*$")
VALUE = re.compile(r"^([\d,]+)(?:\s+(\w+))?")
SCALE = {"KiB": 1024, "MiB": 1024 ** 2, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}
DURATION = {"milliseconds": 1, "seconds": 1000, "minutes": 60_000, "hours": 3_600_000}
LONGEST_EXPRESSION = 120
# A constant of such a name is a bound, and every bound is on the page.
BOUND = re.compile(r"\bconstexpr\s+(?!std::string_view|char|const\b)[\w:<>]+(?:\s[\w:<>]+)*\s"
                   r"((?:max|most|longest|shortest|largest)_\w+)\s*(?=[={(])")


def stated(text):
    """(line number, name, value, file) of each row of the page."""
    for number, line in enumerate(text.splitlines(), 1):
        row = ROW.match(line)
        if row:
            value = VALUE.match(row.group(2))
            yield number, row.group(1), _scaled(value) if value else None, row.group(3)


def _scaled(value):
    return int(value.group(1).replace(",", "")) * SCALE.get(value.group(2) or "", 1)


def without_comments(text):
    return re.sub(r"//[^\n]*", "", text)


def values_of(name, text, lookup):
    """Every value that a declaration of `name` gives it: counts and bytes as they are, times in milliseconds."""
    found = []
    for hit in re.finditer(rf"\b{re.escape(name)}\s*(=(?!=)|[{{(])\s*", text):
        end = text.find(";", hit.end(), hit.end() + LONGEST_EXPRESSION)
        if end < 0:
            continue
        before = text[text.rfind("\n", 0, hit.start()) + 1:hit.start()]
        expression = text[hit.end():end].rstrip()
        value = evaluated(before, expression[:-1] if hit.group(1) in "{(" else expression, lookup)
        if value is not None:
            found.append(value)
    return found


def evaluated(declared, expression, lookup):
    expression = re.sub(r"(?<=\d)'(?=\d)", "", expression)
    expression = re.sub(r"\b(\d+)[uUlL]+\b", r"\1", expression)
    expression = re.sub(r"\bstd::(?:size_t|u?int\d+_t)\s*\{([^}]*)\}", r"(\1)", expression)
    expression, times = re.subn(r"\bstd::chrono::(milliseconds|seconds|minutes|hours)\s*[({]([^)}]*)[)}]",
                                lambda hit: f"({hit.group(2)} * {DURATION[hit.group(1)]})", expression)
    if not re.fullmatch(r"[\w\s()*+<>/-]+", expression):
        return None
    named = False
    for word in set(re.findall(r"[A-Za-z_]\w*", expression)):
        value = lookup(word)
        if value is None:
            return None
        named = True
        expression = re.sub(rf"\b{word}\b", str(value), expression)
    if not re.fullmatch(r"[\d\s()*+<>/-]+", expression) or re.search(r"(?<!<)<(?!<)|(?<!>)>(?!>)|\*\*", expression):
        return None
    unit = re.search(r"\b(milliseconds|seconds|minutes|hours)\b[^(]*$", declared)
    try:
        value = eval(expression.replace("/", "//"), {"__builtins__": {}})  # digits and operators only, see above
    except (SyntaxError, ZeroDivisionError, ValueError):
        return None
    return value * DURATION[unit.group(1)] if unit and not times and not named else value


class Code:
    def __init__(self, texts):
        self.texts = {name: without_comments(text) for name, text in texts.items()}
        self.known = {}

    def values(self, name, file):
        return values_of(name, self.texts.get(file, ""), lambda word: self.anywhere(word, file))

    def anywhere(self, word, file):
        """The value of a constant that another constant is made of: of the same file before any other."""
        if (word, file) not in self.known:
            self.known[word, file] = None  # also what a circle finds
            constant = re.compile(rf"\bconstexpr\b[^\n;]*\b{re.escape(word)}\b")
            for place in sorted(self.texts, key=lambda other: other != file):
                if not constant.search(self.texts[place]):
                    continue
                values = values_of(word, self.texts[place], lambda deeper, at=place: self.anywhere(deeper, at))
                if values:
                    self.known[word, file] = values[0]
                    break
        return self.known[word, file]

    def bounds(self):
        for file, text in self.texts.items():
            for found in BOUND.finditer(text):
                yield file, found.group(1)


def disagreements(page, code):
    rows = list(stated(page))
    for number, name, value, file in rows:
        if value is None:
            yield f"{PAGE}:{number}: the value of {name} is no number"
            continue
        real = code.values(name, file)
        if not real:
            yield f"{PAGE}:{number}: {file} gives {name} no value any more"
        elif value not in real:
            yield f"{PAGE}:{number}: {name} in {file} is {' or '.join(map(str, real))}, not {value}"
    known = {(file, name) for _, name, _, file in rows}
    for file, name in code.bounds():
        if (file, name) not in known:
            yield f"{file}: {name} is a bound without a row in {PAGE}"


class Limits(unittest.TestCase):
    def test_the_page_and_the_code_agree(self):
        tree = rules.Tree(Path(__file__).resolve().parents[2])
        page = tree.text(PAGE)
        self.assertGreater(len(list(stated(page))), 50)
        code = Code({name: tree.text(name) for name in tree.code("src/", "include/", "examples/", "capi/")})
        found = list(disagreements(page, code))
        self.assertFalse(found, "\n".join(found))


class Noticing(unittest.TestCase):
    def seen(self, row, text):
        page = f"| Name | Value | Where | At it |\n|---|---|---|---|\n| {row} | [x](../src/net/x.hpp) | it ends |\n"
        return list(disagreements(page, Code({"src/net/x.hpp": text, "src/net/y.hpp": "constexpr unsigned four = 4;"})))

    def test_values(self):
        for row, text in (("`a` | 8,192 bytes", "constexpr std::size_t a = 8192;"),
                          ("`a` | 64 KiB", "constexpr std::size_t a = 64 * 1024;"),
                          ("`a` | 64 MiB", "std::size_t a = std::size_t{64} << 20U;"),
                          ("`a` | 10 s", "static constexpr std::chrono::milliseconds a{10'000};"),
                          ("`a` | 200 ms", "constexpr milliseconds a(200);"),
                          ("`a` | 2 h", "constexpr std::chrono::hours a{2};"),
                          ("`a` | 5 min", "constexpr std::chrono::milliseconds a = std::chrono::minutes(5);"),
                          ("`a` | 30 s", "std::chrono::nanoseconds a = std::chrono::seconds(30);"),
                          ("`a` | 32 bytes", "constexpr unsigned b = 2 * four;\nconstexpr std::size_t a = 4 * b;"),
                          ("`a` | 2 s", "constexpr std::chrono::seconds b{2};\nconstexpr std::chrono::milliseconds a = b;")):
            with self.subTest(row=row):
                self.assertEqual([], self.seen(row, text))

    def test_differences(self):
        self.assertIn("is 9, not 8", self.seen("`a` | 8", "constexpr int a = 9;")[0])
        self.assertIn("is 9000, not 9", self.seen("`a` | 9 ms", "constexpr std::chrono::seconds a{9};")[0])
        self.assertIn("no value any more", self.seen("`a` | 8", "// constexpr int a = 8;")[0])
        self.assertIn("is no number", self.seen("`a` | many", "constexpr int a = 8;")[0])
        self.assertIn("max_b is a bound without a row", self.seen("`a` | 8", "constexpr int a = 8;\nconstexpr int max_b = 1;")[0])


if __name__ == "__main__":
    unittest.main()
