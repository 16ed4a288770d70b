#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the arrows between the rooms of plugin/ (docs/architecture.md).

The compiler itself says what a file includes: `-MM` gives the files of ours that it reads, however
they are spelt, and `-E -dI` gives every include directive with the file it stands in. The tables
below say what is allowed; owners of a room extend them. After the real tree, the test plants one
violation of each rule in a temporary tree and fails where that is not noticed.

It also holds that every source file has a test file of its own, tests/unit/<room>_<file>_test.c, or
stands in TESTED_IN with the test that drives it and the reason.
"""

import concurrent.futures
import fnmatch
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from tap import Tap

# Room -> rooms it may see, itself included. The shell is the files directly in plugin/; `face` is
# fhirtrial.h. A host sees nothing of the library but that header.
SEES = {
    "base": "base",
    "fhir": "base fhir",
    "path": "base fhir path",
    "view": "base fhir path view",
    "trial": "base fhir path view trial",
    "export": "base fhir path view trial export",
    "store": "base fhir path view trial store",
    "deliver": "base fhir store files deliver",
    "files": "base fhir path view trial files",
    "shell": "face base fhir path view trial export store deliver files shell",
    "tools": "face base fhir path view trial export files tools hosts/cli",
    "hosts": "face",
    "face": "",
}
# The hosts that are modules in C share one loader.
SHIMS = "hosts/lua hosts/orthanc hosts/tcl".split()
PURE = "base fhir path view trial export".split()

# Of these rooms others see only the files named here.
FACES = {
    "path": ["path/path.h"],
    "view": ["view/view.h"],
    "trial": ["trial/trial.h"],
    "export": ["export/export.h"],
    "store": ["store/store.h"],
    "deliver": ["deliver/deliver.h"],
    "files": ["files/files.h", "files/secret.h"],
    "tools": [],
    "hosts/cli": ["hosts/cli/cli.h"],
    "hosts/native": ["hosts/native/native.h"],
}

# System headers of the pure rooms: no clock, file, thread, socket, locale or allocator.
PURE_HEADERS = "limits.h stdarg.h stdbool.h stddef.h stdint.h string.h".split()
MORE_HEADERS = {
    "base": ["setjmp.h", "stdio.h", "stdlib.h", "sanitizer/asan_interface.h"],
    "fhir/index_avx2.c": ["immintrin.h"],
    "fhir/index_avx512.c": ["immintrin.h"],
    "fhir/index_neon.c": ["arm_neon.h"],
    "fhir/index_sse2.c": ["immintrin.h"],
    "fhir/literals_avx2.c": ["immintrin.h"],
    "fhir/literals_avx512.c": ["immintrin.h"],
    "fhir/literals_neon.c": ["arm_neon.h"],
    "fhir/literals_sse2.c": ["immintrin.h"],
    "fhir/read_xml.c": ["libxml/"],
    "export/odm.c": ["libxml/"],
    "path/regex.c": ["pcre2.h"],
}

# Libraries that belong to one room; libs.c tells which of them a host's process really bound.
ONLY_IN = {
    "sqlite3.h": ["store", "libs.c"],
    "curl/": ["deliver", "shell"],
    "openssl/": ["deliver", "shell", "tools"],
    "libxml/": [
        "fhir/read_xml.c",
        "export/odm.c",
        "libs.c",
        "tools/suite_xml.c",
        "hosts/cli/conformance_html.c",
        "hosts/cli/conformance_machine.c",
    ],
    "pcre2.h": ["path/regex.c"],
}


# Files without a unit test of their own: (files, the test that drives them, why it is that one).
TESTED_IN = [
    ("path/arith.c path/call.c path/call_boundary.c path/call_codes.c path/call_collections.c "
     "path/call_conversion.c path/call_criteria.c path/call_dates.c path/call_encoding.c "
     "path/call_fhir.c path/call_html.c path/call_math.c path/call_reference.c path/call_regex.c "
     "path/call_strings.c path/call_types.c path/compare.c path/environment.c path/literal.c "
     "path/operators.c path/walk.c",
     "tests/unit/path_run_test.c", "what they offer is the language: its lines in tests/path"),
    ("path/check.c path/check_calls.c path/check_members.c",
     "tests/unit/path_compile_test.c", "steps of compiling: seen in what is refused and where"),
    ("path/fold.c path/lower.c path/lower_path.c path/static.c",
     "tests/unit/path_explain_test.c", "steps of compiling: seen in the operations they leave"),
    ("fhir/index_avx2.c fhir/index_avx512.c fhir/index_neon.c fhir/index_none.c fhir/index_sse2.c",
     "tests/unit/fhir_index_test.c", "variants of one thing, each tested there where the machine has it"),
    ("fhir/literals_avx2.c fhir/literals_avx512.c fhir/literals_neon.c fhir/literals_sse2.c",
     "tests/unit/fhir_literals_test.c", "as with the index"),
    ("fhir/unit_text.c", "tests/unit/fhir_quantity_test.c", "seen in the units of products"),
    ("store/seal.c", "tests/unit/store_verify_test.c", "what is sealed is seen where it was changed"),
    ("tools/cases.c tools/check_trace.c", "tests/check_test.py", "parts of a program, tested as one"),
    ("tools/hash.c tools/try.c tools/try_print.c tools/try_sample.c tools/watch.c",
     "tests/try_test.py", "parts of a program, tested as one"),
    ("conducting.c", "tests/system/test_endpoints.py", "a question that needs a store with people in it"),
    ("deliver/credentials.c deliver/delivery.c deliver/request.c deliver/sender.c",
     "tests/system/test_deliver.py", "they speak to servers, which run there"),
    ("store/db.c", "tests/unit/store_store_test.c", "the connection under every other file"),
    ("tools/blocks.c tools/bytes.c tools/engine.c tools/inputs.c tools/pool.c "
     "tools/rows.c tools/sink.c tools/source.c tools/view.c tools/view_pass.c tools/view_schema.c "
     "tools/view_set.c",
     "tests/view_tool_test.py", "parts of a program, tested as one"),
    ("tools/check.c tools/main.c tools/report.c", "tests/tools_test.py",
     "parts of a program, tested as one"),
    ("tools/path.c", "tests/path_tool_test.py", "a program, tested as one"),
    ("tools/suite.c tools/suite_fhirpath.c tools/suite_views.c tools/suite_xml.c",
     "tests/view_suite_test.py", "a program, tested as one"),
    ("hosts/*", "tests/system/test_command_line.py",
     "programs outside the library, tested as such: each folder of hosts/ has its system tests"),
    ("store/dictionary.c", "tests/unit/store_pack_test.c", "text: what was packed with it is read there"),
]


def own_tests(name):
    """The names that the test file of a source file may have."""
    parts = name.removesuffix(".c").split("/")
    room, file = (parts[0], parts[-1]) if len(parts) > 1 else ("plugin", parts[0])
    names = [f"tests/unit/{room}_{file}_test.c"]
    if file == room or file.startswith(room + "_"):
        names.append(f"tests/unit/{file}_test.c")
    return names


def untested(source, table):
    """Source files without a test, and rows of the table that are not true (any more)."""
    source = Path(source)
    files = sorted(str(p.relative_to(source / "plugin")) for p in source.glob("plugin/**/*.c"))
    patterns = [pattern for names, _, _ in table for pattern in names.split()]
    problems = []
    for name in files:
        own = any((source / test).exists() for test in own_tests(name))
        listed = any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
        if own and listed:
            problems.append(f"{name}: has a test of its own: take it out of TESTED_IN")
        elif not own and not listed:
            problems.append(f"{name}: has no test: write {own_tests(name)[0]}")
    problems += [f"{pattern}: stands in TESTED_IN and is not there" for pattern in patterns
                 if not fnmatch.filter(files, pattern)]
    return problems + [f"{test}: is not there" for test in sorted({test for _, test, _ in table})
                       if not (source / test).exists()]


# Rule -> (files of a tree, its table, the problem that must be reported).
UNTESTED = {
    "a file without a test": (["plugin/base/x.c"], [],
                              "base/x.c: has no test: write tests/unit/base_x_test.c"),
    "a test of another room": (["plugin/x.c", "tests/unit/base_x_test.c"], [],
                               "x.c: has no test: write tests/unit/plugin_x_test.c"),
    "a row for what is tested": (["plugin/base/x.c", "tests/unit/base_x_test.c", "t.py"],
                                 [("base/x.c", "t.py", "")], "base/x.c: has a test of its own"),
    "a row for what is gone": (["t.py"], [("base/x.c", "t.py", "")],
                               "base/x.c: stands in TESTED_IN and is not there"),
    "a row with a test that is gone": (["plugin/base/x.c"], [("base/x.c", "t.py", "")],
                                       "t.py: is not there"),
}


def plant_untested(files, table):
    with tempfile.TemporaryDirectory() as top:
        for name in files:
            Path(top, name).parent.mkdir(parents=True, exist_ok=True)
            Path(top, name).touch()
        return untested(top, table)


def room_of(path):
    """The room of a file given relative to plugin/, None where it belongs to none."""
    parts = path.split("/")
    if path == "fhirtrial.h":
        return "face"
    if parts[0] == "hosts":
        return "/".join(parts[:2]) if len(parts) > 2 else None
    if len(parts) == 1:
        return "shell"
    return parts[0] if len(parts) == 2 and parts[0] in SEES else None


def may_see(room):
    allowed = SEES["hosts" if room.startswith("hosts/") else room].split()
    if room in SHIMS:
        allowed.append("hosts/native")
    return allowed + [room] if room != "face" else allowed


def named_in(header, names):
    return any(header == n or (n.endswith("/") and header.startswith(n)) for n in names)


class Tree:
    """The includes of one plugin/ folder, as the compiler reports them."""

    def __init__(self, plugin, compiler):
        self.plugin = Path(plugin).resolve()
        self.compiler = compiler
        self.files = sorted(
            str(p.relative_to(self.plugin)) for p in self.plugin.rglob("*") if p.is_file()
        )

    def inside(self, path):
        """`path` relative to plugin/, None where it lies elsewhere."""
        full = Path(path).resolve()
        return str(full.relative_to(self.plugin)) if full.is_relative_to(self.plugin) else None

    def read(self, name):
        """(files of ours that `name` reads, [(file of ours, include directive)], problem)."""
        with tempfile.TemporaryDirectory() as scratch:
            dependencies = Path(scratch, "d")
            run = subprocess.run(
                self.compiler
                + ["-x", "c", "-E", "-dI", "-MMD", "-MT", "x", "-MF", dependencies]
                + ["-I", self.plugin, self.plugin / name],
                capture_output=True, text=True, errors="replace",
            )
            if run.returncode:
                return [], [], f"{name}: cannot be preprocessed alone:\n{run.stderr}"
            listed = dependencies.read_text().replace("\\\n", " ").split()[1:]
        ours = {self.inside(p) for p in listed} - {None, name}
        return sorted(ours), self.directives(run.stdout), None

    def directives(self, text):
        found, current, known = set(), None, {}
        for line in text.splitlines():
            marker = re.match(r'# \d+ "((?:[^"\\]|\\.)*)"', line)
            if marker:
                spelt = marker.group(1)
                if spelt not in known:
                    known[spelt] = self.inside(spelt)
                current = known[spelt]
            elif current and re.match(r"#\s*(include|include_next|import)\b", line):
                found.add((current, line.strip()))
        return found


def check_dependency(name, other):
    """Whether `name` may read `other`, both relative to plugin/."""
    mine, theirs = room_of(name), room_of(other)
    if theirs is None or mine is None:
        return None
    if theirs not in may_see(mine):
        return f"{name}: must not include {other} ({mine} does not see {theirs})"
    if theirs != mine and theirs in FACES and other not in FACES[theirs]:
        return f"{name}: must not include {other} (of {theirs}, others see its face only)"
    return None


def check_directive(tree, name, directive):
    """Whether the system or third-party header that `name` includes is one it may."""
    spelt = re.match(r'#\s*\w+\s*([<"])([^>"]+)[>"]', directive)
    if not spelt:
        return f"{name}: computed include: {directive}"
    header = spelt.group(2)
    if spelt.group(1) == '"':
        beside = (tree.plugin / name).parent / header
        if beside.exists() or (tree.plugin / header).exists():
            return None
    room = room_of(name)
    for library, places in ONLY_IN.items():
        if named_in(header, [library]) and room not in places and name not in places:
            return f"{name}: must not include <{header}> (it belongs to {', '.join(places)})"
    if room in PURE:
        allowed = PURE_HEADERS + MORE_HEADERS.get(room, []) + MORE_HEADERS.get(name, [])
        if not named_in(header, allowed):
            return f"{name}: must not include <{header}> ({room} is a pure room)"
    return None


def check(plugin, compiler):
    """All problems of the tree, sorted."""
    tree = Tree(plugin, compiler)
    problems = {f"{f}: belongs to no room (tests/rooms.py lists them)"
                for f in tree.files if room_of(f) is None}
    sources = [f for f in tree.files if f.endswith((".c", ".h")) and room_of(f)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = list(pool.map(tree.read, sources))
    for name, (ours, directives, problem) in zip(sources, answers):
        problems.add(problem)
        problems.update(check_dependency(name, other) for other in ours)
        problems.update(check_directive(tree, f, d) for f, d in directives if room_of(f))
    return sorted(problems - {None})


# What a clean tree may hold: nothing of it may be refused.
CLEAN = {
    "fhirtrial.h": "#include <stdint.h>\n",
    "plugin.c": '#include "fhirtrial.h"\n#include "store/store.h"\n#include <pthread.h>\n',
    "base/arena.h": "#include <setjmp.h>\n",
    "base/arena.c": '#include "base/arena.h"\n#include <stdlib.h>\n',
    "fhir/tape.h": '#include "base/arena.h"\n',
    "path/path.h": '#include "fhir/tape.h"\n',
    "path/ast.h": "#include <stdint.h>\n",
    "path/parse.c": '#include "ast.h"\n#include "path/path.h"\n',
    "view/view.h": '#include "path/path.h"\n',
    "trial/trial.h": '#include "view/view.h"\n',
    "export/export.h": '#include "trial/trial.h"\n',
    "store/store.h": '#include "trial/trial.h"\n',
    "store/store.c": '#include "store/store.h"\n#include <sqlite3.h>\n',
    "deliver/deliver.h": '#include "base/arena.h"\n',
    "tools/tool.c": '#include "view/view.h"\n#include "hosts/cli/cli.h"\n#include <time.h>\n',
    "hosts/cli/cli.h": "#include <stdio.h>\n",
    "hosts/cli/run.c": '#include "cli.h"\n#include "fhirtrial.h"\n#include <dlfcn.h>\n',
}

# Rule -> (files planted into the clean tree, the problem that must be reported).
VIOLATIONS = {
    "a room to the right": ({"fhir/x.c": '#include "path/path.h"\n'},
                            "fhir/x.c: must not include path/path.h"),
    "base knows nothing of FHIR": ({"base/x.h": '#include "fhir/tape.h"\n'},
                                   "base/x.h: must not include fhir/tape.h"),
    "an include by a relative path": ({"view/x.c": '#include "../trial/trial.h"\n'},
                                      "view/x.c: must not include trial/trial.h"),
    "an include with spaces": ({"view/x.c": '  #  include  "trial/trial.h"\n'},
                               "view/x.c: must not include trial/trial.h"),
    "through another header": ({"base/y.h": '#include "fhir/tape.h"\n',
                                "base/x.c": '#include "base/y.h"\n'},
                               "base/x.c: must not include fhir/tape.h"),
    "an include behind a macro": ({"path/x.c": '#define V "view/view.h"\n#include V\n'},
                                  "path/x.c: must not include view/view.h"),
    "the inside of another room": ({"view/x.c": '#include "path/ast.h"\n'},
                                   "view/x.c: must not include path/ast.h"),
    "the edge from a pure room": ({"trial/x.c": '#include "store/store.h"\n'},
                                  "trial/x.c: must not include store/store.h"),
    "the network from the store": ({"store/x.c": '#include "deliver/deliver.h"\n'},
                                   "store/x.c: must not include deliver/deliver.h"),
    "the public header from a room": ({"trial/x.c": '#include "fhirtrial.h"\n'},
                                      "trial/x.c: must not include fhirtrial.h"),
    "a host that sees the inside": ({"hosts/cli/x.c": '#include "base/arena.h"\n'},
                                    "hosts/cli/x.c: must not include base/arena.h"),
    "a host that sees another host": ({"hosts/lua/x.c": '#include "hosts/cli/cli.h"\n'},
                                      "hosts/lua/x.c: must not include hosts/cli/cli.h"),
    "a tool that sees the edge": ({"tools/x.c": '#include "store/store.h"\n'},
                                  "tools/x.c: must not include store/store.h"),
    "a clock in a pure room": ({"path/x.c": "#include <time.h>\n"},
                               "path/x.c: must not include <time.h>"),
    "a file in a pure room": ({"fhir/x.c": "#include <stdio.h>\n"},
                              "fhir/x.c: must not include <stdio.h>"),
    "a thread in a pure room": ({"base/x.c": "#include <pthread.h>\n"},
                                "base/x.c: must not include <pthread.h>"),
    "an allocator in a pure room": ({"view/x.h": "#include <stdlib.h>\n"},
                                    "view/x.h: must not include <stdlib.h>"),
    "a system header in quotes": ({"view/x.c": '#include "time.h"\n'},
                                  "view/x.c: must not include <time.h>"),
    "a header already read": ({"base/y.h": "#include <stdlib.h>\n",
                               "view/x.c": '#include "base/y.h"\n#include <stdlib.h>\n'},
                              "view/x.c: must not include <stdlib.h>"),
    "a library in a pure room": ({"fhir/x.c": "#include <pcre2.h>\n"},
                                 "fhir/x.c: must not include <pcre2.h>"),
    "SQL outside the store": ({"x.c": "#include <sqlite3.h>\n"},
                              "x.c: must not include <sqlite3.h>"),
    "a table file with an include": ({"path/x.def": '#include "trial/trial.h"\n',
                                      "path/x.c": '#include "path/x.def"\n'},
                                     "path/x.c: must not include trial/trial.h"),
    "a folder that is no room": ({"util/x.h": "\n"}, "util/x.h: belongs to no room"),
    "a folder inside a room": ({"path/more/x.c": "\n"}, "path/more/x.c: belongs to no room"),
    "a header that needs another": ({"view/x.h": '#include "view/none.h"\n'},
                                    "view/x.h: cannot be preprocessed alone"),
}


def plant(files, compiler):
    with tempfile.TemporaryDirectory() as top:
        for name, text in files.items():
            path = Path(top, "plugin", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        # pcre2.h insists on the width, which the real tree defines beside its include.
        return check(Path(top, "plugin"), compiler + ["-DPCRE2_CODE_UNIT_WIDTH=8"])


def main():
    source = Path(os.environ.get("srcdir", "."))
    # ccache only slows a run that compiles nothing.
    compiler = [w for w in shlex.split(os.environ.get("CC", "cc")) if Path(w).name != "ccache"]
    flags = shlex.split(os.environ.get("CPPFLAGS_OF_BUILD", ""))
    tap = Tap()
    tap.result("the rooms of plugin/", check(source / "plugin", compiler + flags))
    tap.result("planted: nothing", plant(CLEAN, compiler + flags))
    for rule, (files, expected) in VIOLATIONS.items():
        problems = plant({**CLEAN, **files}, compiler + flags)
        noticed = any(p.startswith(expected) for p in problems)
        tap.result(f"planted: {rule}",
                   [] if noticed else [f"not noticed; expected: {expected}", *problems])
    tap.result("a test for every source file", untested(source, TESTED_IN))
    for rule, (files, table, expected) in UNTESTED.items():
        problems = plant_untested(files, table)
        noticed = any(p.startswith(expected) for p in problems)
        tap.result(f"planted: {rule}",
                   [] if noticed else [f"not noticed; expected: {expected}", *problems])
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
