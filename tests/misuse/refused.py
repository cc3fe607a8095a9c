"""refused.py COMPILER SNIPPET INCLUDE: the snippet compiles as it is; with -DMISUSE it does not, and the compiler says
why in words that fit the regular expression of the snippet's first line, `// refused: REGEX`."""

import re
import subprocess
import sys
from pathlib import Path

compiler, snippet, include = sys.argv[1:]
FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror",
         "-fno-color-diagnostics" if "clang" in Path(compiler).name else "-fdiagnostics-color=never", f"-I{include}"]


def compiled(*more):
    done = subprocess.run([compiler, *FLAGS, *more, snippet], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
    return done.returncode == 0, done.stdout


text = Path(snippet).read_text()
expected = re.match(r"// refused: (.+)\n", text)
if not expected or "#ifdef MISUSE" not in text:
    sys.exit(f"{snippet}: needs a first line '// refused: REGEX' and an #ifdef MISUSE")
good, words = compiled()
if not good:
    sys.exit(f"does not compile even without the misuse:\n{words}")
good, words = compiled("-DMISUSE")
if good:
    sys.exit("the misuse compiles")
errors = [line for line in words.splitlines() if re.search(r"\berror: ", line)]
if not any(re.search(expected.group(1), line) for line in errors):
    sys.exit(f"refused, but not for the reason /{expected.group(1)}/:\n{words}")
