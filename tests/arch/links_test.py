"""Every page leads where it says: links between files, headings they point at, and paths named in the text."""

import fnmatch
import posixpath
import re
import sys
import unittest
from pathlib import Path
from urllib.parse import unquote

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import rules  # noqa: E402

LINK = re.compile(r"!?\[[^\]\n]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
DEFINITION = re.compile(r"^\s{0,3}\[[^\]]+\]:\s*<?(\S+?)>?\s*$")
FENCE = re.compile(r"^\s*(```|~~~)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$")
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"^(?:src|include|tests|scripts|docs|cmake|examples|capi|bindings)/[\w./*-]*$")
# Words that stand for a name in examples of how files are named.
STANDS_FOR = re.compile(r"foo|NAME|FILE")


def lines_of(text):
    """(number, line, whether it is inside a fenced block)."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        fence = bool(FENCE.match(line))
        yield number, line, inside or fence
        inside = inside != fence


def links_of(text):
    """(line number, target) of each link outside code."""
    for number, line, code in lines_of(text):
        if code:
            continue
        bare = CODE.sub(lambda found: "x" * len(found.group(0)), line)
        # A link's own text may be code: what counts is where the parentheses lead.
        for found in LINK.finditer(bare):
            yield number, line[found.start(1):found.end(1)]
        definition = DEFINITION.match(bare)
        if definition:
            yield number, definition.group(1)


def anchors_of(text):
    """The names under which the headings of a page can be linked to."""
    anchors = set()
    for _, line, code in lines_of(text):
        found = None if code else HEADING.match(line)
        if not found:
            continue
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", found.group(1)).replace("`", "")
        name = re.sub(r"[^\w\- ]", "", words.lower()).strip().replace(" ", "-")
        number, unique = 0, name
        while unique in anchors:
            number += 1
            unique = f"{name}-{number}"
        anchors.add(unique)
    return anchors


def is_outside(target):
    return re.match(r"[a-z][a-z0-9+.-]*:", target) is not None


def exists(tree, path):
    return path in ("", ".") or path in tree.files or any(name.startswith(path + "/") for name in tree.files)


def broken_links(tree):
    for page in (name for name in tree.files if name.endswith(".md")):
        for number, target in links_of(tree.text(page)):
            if is_outside(target):
                continue
            path, _, anchor = unquote(target).partition("#")
            place = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
            if path.startswith("/") or place.startswith("..") or not exists(tree, place):
                yield page, number, f"leads nowhere: {target}"
            elif anchor and place.endswith(".md") and anchor not in anchors_of(tree.text(place)):
                yield page, number, f"there is no such heading: {target}"


def missing_paths(tree):
    for page in (name for name in tree.files if name.endswith(".md") and name != "CHANGELOG.md"):
        for number, line, fenced in lines_of(tree.text(page)):
            for code in ([] if fenced else CODE.findall(line)):
                if not PATH.match(code) or STANDS_FOR.search(code):
                    continue
                path = code.rstrip("/")
                if not exists(tree, path) and not fnmatch.filter(tree.files, path):
                    yield page, number, f"names what is not there: {code}"


TREE = rules.Tree(Path(__file__).resolve().parents[2])


class Pages(unittest.TestCase):
    def none(self, found):
        found = [f"{page}:{number}: {text}" for page, number, text in found]
        self.assertFalse(found, "\n".join(found))

    def test_there_is_something_to_check(self):
        links = [link for page in TREE.files if page.endswith(".md") for link in links_of(TREE.text(page))]
        self.assertGreater(len([target for _, target in links if not is_outside(target)]), 20)

    def test_links_resolve(self):
        self.none(broken_links(TREE))

    def test_named_paths_exist(self):
        self.none(missing_paths(TREE))


class Pretended:
    """A tree in memory, to see that the rules notice."""

    def __init__(self, **pages):
        self.pages = {name.replace("__", "/") + ".md": text for name, text in pages.items()}
        self.files = sorted([*self.pages, "src/net/url.hpp"])

    def text(self, name):
        return self.pages[name]


class Noticing(unittest.TestCase):
    def seen(self, rule, text):
        return [found[2] for found in rule(Pretended(docs__a=text, docs__b="# One `two`\n"))]

    def test_links(self):
        self.assertEqual([], self.seen(broken_links, "[x](b.md) [x](b.md#one-two) [x](../src/net/) [x](https://x.y/z)"))
        self.assertEqual([], self.seen(broken_links, "```\n[x](no.md)\n```\n`[x](no.md)`"))
        self.assertEqual(["leads nowhere: no.md"], self.seen(broken_links, "[`x`](no.md)"))
        self.assertEqual(["leads nowhere: no.md"], self.seen(broken_links, "[x]: no.md"))
        self.assertEqual(["leads nowhere: ../../a"], self.seen(broken_links, "[x](../../a)"))
        self.assertEqual(["there is no such heading: b.md#three"], self.seen(broken_links, "[x](b.md#three)"))
        self.assertEqual(["there is no such heading: #three"], self.seen(broken_links, "[x](#three)"))

    def test_paths(self):
        self.assertEqual([], self.seen(missing_paths, "`src/net/url.hpp` `src/net/` `src/*/url.*` `src/net/foo.cpp`"))
        self.assertEqual(["names what is not there: src/net/uri.hpp"], self.seen(missing_paths, "`src/net/uri.hpp`"))


if __name__ == "__main__":
    unittest.main()
