#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the built library shows and what the core needs.

The shared object exports exactly the names of plugin/fhirtrial.map, the map names exactly the
functions of plugin/fhirtrial.h, the header compiles alone as C99 and as C++, and the objects of
the core call nothing but the few functions listed here: no clock, file, thread or socket, and no
library but libxml2 and PCRE2 in the files that own them. A missing library is a failure.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from tap import Tap

SOURCE = Path(os.environ.get("srcdir", "."))
LIBRARY = Path(".libs/libfhirtrial.so")
CORE = Path(".libs/libcore.a")
COMPILER = shlex.split(os.environ.get("CC", "cc"))
NM = os.environ.get("NM_TOOL", "nm")

# Functions of the C library that every object of the core may call.
C_LIBRARY = """bcmp memchr memrchr memcmp memcpy memmove memset memmem strchr strcmp strlen strncmp strnlen
snprintf vsnprintf longjmp abort""".split()
# More, for the objects named; keys as in the archive.
MORE = {
    "arena.o": ["malloc", "calloc", "realloc", "free"],
    "fault.o": ["_setjmp", "setjmp", "__sigsetjmp"],
    "read_xml.o": ["xml*"],
    "odm.o": ["xml*"],
    "regex.o": ["pcre2_*"],
}
# What the compiler itself puts in: the stack protector, 128-bit arithmetic, what the processor can do,
# sanitizers, coverage.
COMPILER_NAMES = re.compile(
    r"_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__u?(div|mod|divmod|mul)o?ti[34]|__cpu_(model|features2|indicator_init)"
    r"|__(asan|ubsan|tsan|sanitizer|sancov|gcov|lsan)_\w+|__start_\w+|__stop_\w+"
)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{shlex.join(map(str, command))}:\n{done.stderr}")
    return done.stdout


def named_by_map():
    text = re.sub(r"/\*.*?\*/", "", (SOURCE / "plugin/fhirtrial.map").read_text(), flags=re.S)
    return set(re.findall(r"^\s*(\w+);", text.split("local:")[0], flags=re.M))


def declared_by_header():
    text = re.sub(r"/\*.*?\*/", "", (SOURCE / "plugin/fhirtrial.h").read_text(), flags=re.S)
    return set(re.findall(r"^[\w ]+[ *](fhirtrial_\w+)\(", text, flags=re.M))


def exported():
    if not LIBRARY.exists():
        raise RuntimeError(f"{LIBRARY} is missing: build it before its names are compared")
    lines = run(NM, "-D", "--defined-only", LIBRARY).splitlines()
    names = {line.split()[-1].split("@")[0] for line in lines if line.split()[-2] != "A"}
    # A library that a sanitizer instruments shows some of its own data.
    return {n for n in names if not COMPILER_NAMES.fullmatch(n)}


def differences(left, left_name, right, right_name):
    return [f"{n}: in {left_name}, not in {right_name}" for n in sorted(left - right)] + \
           [f"{n}: in {right_name}, not in {left_name}" for n in sorted(right - left)]


def header_alone(language, standard):
    done = subprocess.run(
        COMPILER + ["-x", language, f"-std={standard}", "-Wall", "-Wextra", "-pedantic-errors",
                    "-Werror", "-fsyntax-only", "-"],
        input=f'#include "{SOURCE.resolve()}/plugin/fhirtrial.h"\n', capture_output=True, text=True)
    return [done.stderr or f"exit status {done.returncode}"] if done.returncode else []


def core_symbols():
    """(member, name, kind) of every symbol in the archive."""
    if not CORE.exists():
        raise RuntimeError(f"{CORE} is missing: build it before its symbols are read")
    for line in run(NM, "-A", "--format=posix", CORE).splitlines():
        place, name, kind = line.split()[:3]
        yield re.search(r"\[(.*)\]", place).group(1), name, kind


def may_call(member, name):
    plain = re.sub(r"^__(\w+)_chk$", r"\1", name)
    for pattern in C_LIBRARY + MORE.get(member, []):
        if plain == pattern or (pattern.endswith("*") and plain.startswith(pattern[:-1])):
            return True
    return bool(COMPILER_NAMES.fullmatch(name))


def foreign_calls():
    symbols = list(core_symbols())
    own = {name for _, name, kind in symbols if kind not in "Uwv"}
    return sorted({f"{member} calls {name}" for member, name, kind in symbols
                   if kind in "Uwv" and name not in own and not may_call(member, name)})


def main():
    tap = Tap()
    tests = {
        "the library exports the names of the map":
            lambda: differences(exported(), "the library", named_by_map(), "the map"),
        "the map names what the header declares":
            lambda: differences(named_by_map(), "the map", declared_by_header(), "the header"),
        "the header declares fifteen functions":
            lambda: [] if len(declared_by_header()) == 15 else sorted(declared_by_header()),
        "the header is C99": lambda: header_alone("c", "c99"),
        "the header is C++": lambda: header_alone("c++", "c++11"),
        "the core calls no clock, file, thread, socket or library of the edge": foreign_calls,
    }
    for name, test in tests.items():
        try:
            tap.result(name, test())
        except RuntimeError as error:
            tap.result(name, [error])
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
