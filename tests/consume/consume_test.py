"""Builds and runs hosts that use Confab: installed, as a subdirectory, by pkg-config, and as the README shows it."""

import ctypes
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
BUILD = Path(os.environ.get("CONFAB_BUILD", SOURCE / "build" / "dev"))
CXX = os.environ.get("CONFAB_CXX", "g++")
CC = os.environ.get("CONFAB_CC", "gcc")
C_PROGRAM = SOURCE / "examples" / "c" / "first_message.c"
LAUNCHER = shutil.which("ccache")
PROGRAM = [str(HERE / "program" / "main.cpp"), str(HERE / "program" / "other.cpp")]
VERSION = re.search(r"project\(confab VERSION (\S+)", (SOURCE / "CMakeLists.txt").read_text()).group(1)


def example_of(page, language="cpp"):
    """The first block of a page in a language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", (SOURCE / page).read_text(), re.MULTILINE | re.DOTALL)
    return found.group(1) if found else None


class Host(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_command(self, *command, **options):
        done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, **options)
        self.assertEqual(0, done.returncode, f"{shlex.join(map(str, command))}\n{done.stdout[-6000:]}")
        return done.stdout

    def build(self, project, sources, *options):
        build = self.folder / "build"
        self.run_command("cmake", "-G", "Ninja", "-S", HERE / project, "-B", build, f"-DCMAKE_CXX_COMPILER={CXX}",
                         "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON",
                         f"-DHOST_SOURCES={';'.join(map(str, sources))}", *options)
        self.assertNotIn("warning:", self.run_command("cmake", "--build", build))
        self.keeps_our_warnings_away(build)
        return build / "host"

    def keeps_our_warnings_away(self, build):
        """Neither the host nor, in a host's build, the library itself is compiled with our developer flags."""
        for entry in json.loads((build / "compile_commands.json").read_text()):
            self.assertNotRegex(entry["command"], r" -W(error|all|extra|shadow|conversion)", entry["file"])

    def prints_the_version(self, program, **options):
        self.assertEqual(VERSION, self.run_command(program, **options).strip())


class Installed(Host):
    def setUp(self):
        super().setUp()
        first = self.folder / "first"
        self.run_command("cmake", "--install", BUILD, "--prefix", first)
        self.prefix = self.folder / "moved"
        first.rename(self.prefix)

    def test_find_package(self):
        self.prints_the_version(self.build("find_package", PROGRAM, f"-DCMAKE_PREFIX_PATH={self.prefix}"))

    def test_pkg_config(self):
        for static in (["--static"], []):
            with self.subTest(static=static):
                pkg_config = self.prefix / "lib" / "pkgconfig"
                flags = self.run_command("pkg-config", *static, "--cflags", "--libs", "confab-cxx",
                                         env={**os.environ, "PKG_CONFIG_PATH": str(pkg_config)}).split()
                self.assertIn("-lconfab-cxx", flags)
                self.run_command(CXX, "-std=c++20", *PROGRAM, *flags, "-o", self.folder / "host")
                self.prints_the_version(self.folder / "host")

    def build_c(self, source):
        """As docs/c-api.md says; it runs with the moved tree's library, and without any C++."""
        flags = self.run_command("pkg-config", "--cflags", "--libs", "confab",
                                 env={**os.environ, "PKG_CONFIG_PATH": str(self.prefix / "lib" / "pkgconfig")}).split()
        host = self.folder / "host"
        self.run_command(CC, "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", source, *flags, "-o", host)
        return host, {**os.environ, "LD_LIBRARY_PATH": str(self.prefix / "lib")}

    def test_pkg_config_c(self):
        host, environment = self.build_c(C_PROGRAM)
        self.says_how_it_is_used(host, env=environment)
        self.homeserver_beside()
        said = self.run_command(host, "confab.json", "standup", "ana", cwd=self.folder, env=environment)
        self.assertIn("arrived: The first message\n", said)

    def test_readme_example_in_c(self):
        source = self.folder / "example.c"
        source.write_text(example_of("README.md", "c"))
        host, environment = self.build_c(source)
        self.homeserver_beside()
        said = self.run_command(host, cwd=self.folder, env=environment)
        self.assertRegex(said, r"\A!.+\n\$.+\n\Z")

    def homeserver_beside(self):
        """A fake one that runs, and a configuration of it in confab.json."""
        homeserver = subprocess.Popen([BUILD / "tests" / "confab-fake-homeserver"], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        self.addCleanup(homeserver.communicate)  # it serves until its standard input ends
        about = json.loads(homeserver.stdout.readline())
        reach = {name: about[name] for name in ("url", "server_name", "admin_user", "admin_password")}
        (self.folder / "directory.json").write_text(json.dumps({
            "users": [{"id": "1", "slug": "ana", "name": "Ana"}], "groups": [],
            "events": [{"slug": "standup", "name": "Standup", "visibility": "private", "creator": "ana",
                        "attendees": []}]}))
        (self.folder / "confab.json").write_text(json.dumps({
            "homeserver": reach, "tenants": [{"id": "park", "directory": "directory.json"}]}))

    def test_find_package_c(self):
        """A project in C that asks for the C library alone."""
        build = self.folder / "build"
        self.run_command("cmake", "-G", "Ninja", "-S", HERE / "find_package_c", "-B", build, f"-DCMAKE_C_COMPILER={CC}",
                         f"-DHOST_SOURCES={C_PROGRAM}", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        self.run_command("cmake", "--build", build)
        self.says_how_it_is_used(build / "host")

    def says_how_it_is_used(self, program, **options):
        done = subprocess.run([program], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options)
        self.assertEqual(2, done.returncode, done.stderr)
        self.assertIn("usage:", done.stderr)

    def test_installed_tree(self):
        present = {path.relative_to(self.prefix).as_posix() for path in self.prefix.rglob("*") if path.is_file()}
        headers = {f"include/confab/{path.name}" for path in (SOURCE / "include" / "confab").glob("*.hpp")}
        headers.add("include/confab.h")
        self.assertLessEqual(headers, present)
        self.assertLessEqual({"bin/confab", "lib/libconfab-cxx.a", "lib/pkgconfig/confab-cxx.pc",
                              "lib/cmake/confab/confab-config.cmake",
                              "lib/cmake/confab/confab-config-version.cmake"}, present)
        others = {name for name in present - headers if not name.startswith(("lib/cmake/confab/", "bin/confab"))}
        self.assertEqual({"lib/libconfab-cxx.a", "lib/pkgconfig/confab-cxx.pc", "share/man/man1/confab.1",
                          "lib/libconfab.so", "lib/libconfab.so.0", "lib/pkgconfig/confab.pc",
                          "share/confab/results.schema.json",
                          "share/bash-completion/completions/confab"}, others)

    def test_installed_tree_names_no_folder_of_the_build(self):
        for name in ("lib/cmake", "lib/pkgconfig", "include"):
            for path in filter(Path.is_file, (self.prefix / name).rglob("*")):
                for folder in (SOURCE, BUILD, self.folder / "first"):
                    self.assertNotIn(str(folder), path.read_text(), path)

    def test_installed_program(self):
        self.assertIn("confab", self.run_command(self.prefix / "bin" / "confab", "--help"))

    def builds_the_example_of(self, page):
        example = example_of(page)
        self.assertIsNotNone(example, f"{page} has no C++ block")
        source = self.folder / "example.cpp"
        source.write_text(example)
        self.build("find_package", [source], f"-DCMAKE_PREFIX_PATH={self.prefix}")

    def test_readme_example(self):
        self.builds_the_example_of("README.md")

    def test_getting_started_example(self):
        self.builds_the_example_of("docs/getting-started.md")

    def test_another_minor_version_is_refused(self):
        project = self.folder / "other"
        project.mkdir()
        (project / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.25)\nproject(other LANGUAGES CXX)\n"
                                                "find_package(confab 0.99 REQUIRED)\n")
        done = subprocess.run(["cmake", "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={self.prefix}"],
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)
        self.assertNotEqual(0, done.returncode)


class Subdirectory(Host):
    def test_add_subdirectory_without_what_is_optional(self):
        launcher = [f"-DCMAKE_CXX_COMPILER_LAUNCHER={LAUNCHER}"] if LAUNCHER else []
        host = self.build("add_subdirectory", PROGRAM, f"-DCONFAB_SOURCE={SOURCE}", *launcher,
                          "-DCONFAB_SQLITE=OFF", "-DCONFAB_POSTGRESQL=OFF", "-DCONFAB_BUILD_C=ON",
                          "-DCMAKE_UNITY_BUILD=ON", "-DCMAKE_UNITY_BUILD_BATCH_SIZE=6")  # a host's to choose; half the time
        self.prints_the_version(host)
        self.assertFalse(list((host.parent / "confab").rglob("confab")), "a host gets no program it did not ask for")
        self.run_command("cmake", "--build", host.parent, "--target", "confab-c")
        self.lacks_stores_and_no_function(next((host.parent / "confab").rglob("libconfab.so")))

    def lacks_stores_and_no_function(self, library):
        exported = {line.split()[-1].partition("@")[0] for line in self.run_command(
            "nm", "-D", "--defined-only", library).splitlines() if line.split()[-2] != "A"}  # A: the version itself
        self.assertEqual(set((SOURCE / "capi" / "symbols.txt").read_text().split()), exported)
        linked = self.run_command("ldd", library)
        self.assertNotRegex(linked, "sqlite|libpq")
        asked = ctypes.CDLL(str(library))
        self.assertEqual([0, 0], [asked.confab_has(part) for part in (b"sqlite", b"postgresql")])


if __name__ == "__main__":
    unittest.main(verbosity=2)
