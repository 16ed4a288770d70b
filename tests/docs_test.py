#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the examples of the documents and compares.

Every ```console block of README.md and docs/*.md is a session: a line that begins with `$ ` is given to a shell, the
lines up to the next one are what it prints, standard output and standard error together in the order they came. A line
`…` stands for any lines, `…` within a line for any text. A block starts in a fresh folder: a copy of docs/example,
for README.md one that looks like the top of the project; the program is in PATH, "```console continued" goes on where the block before it ended. What needs servers or minutes is
written as ```sh and is not run here. Local links of the documents must lead somewhere. `--update` writes what the
program prints into the documents, to be read before it is committed. The lists that documents explain (keys,
queries, codes, reasons) are compared with the sources.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tap import Tap

TOP = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("builddir", "build")).resolve()
DOCUMENTS = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]
FENCE = re.compile(r"^```console( continued)?$")
SECONDS = 300
END = "=== end of a command ==="


def sessions(path):
    """Yields (line number, continued, [(command, expected lines)]) for each console block."""
    lines = path.read_text().splitlines()
    i = 0
    while i < len(lines):
        fence = FENCE.match(lines[i])
        if not fence:
            i += 1
            continue
        start, commands = i + 1, []
        i += 1
        while lines[i] != "```":
            if lines[i].startswith("$ "):
                commands.append((lines[i][2:], []))
            elif commands and lines[i].startswith("> "):
                commands[-1] = (commands[-1][0] + "\n" + lines[i][2:], [])
            elif commands:
                commands[-1][1].append(lines[i])
            i += 1
        yield start, bool(fence.group(1)), commands


def run(commands, folder):
    """What each command printed, as lists of lines."""
    # `$?` of the next command is that of this one.
    script = "".join(f"{command}\nstatus=$?; echo '{END}'; (exit $status)\n" for command, _ in commands)
    environment = {
        "PATH": f"{BUILD}{os.pathsep}{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "srcdir": str(TOP),
    }
    environment |= {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
    done = subprocess.run(
        ["sh", "-c", "exec 2>&1\n" + script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=SECONDS,
        check=False,
    )
    printed = done.stdout.decode("utf-8", "replace").split(END + "\n")
    return [text.splitlines() for text in printed[: len(commands)]]


def pattern(line):
    return "(?:.*\n)*?" if line.strip() == "…" else ".*?".join(map(re.escape, line.rstrip().split("…"))) + " *\n"


def agrees(expected, printed):
    text = "".join(line + "\n" for line in printed)
    return re.fullmatch("".join(map(pattern, expected)), text) is not None


def furnish(folder, path):
    """README.md speaks from the top of the project, the other documents from a copy of docs/example."""
    if path.parent == TOP:
        for name in ("demo", "docs", "mappings", "plugin", "tests"):
            (folder / name).symlink_to(TOP / name)
        (folder / "build").symlink_to(BUILD)
    else:
        shutil.copytree(TOP / "docs" / "example", folder, dirs_exist_ok=True)
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)


def folders(path):
    """Yields each session of a document with the folder it runs in."""
    folder = None
    for session in sessions(path):
        if not session[1] or folder is None:
            if folder:
                shutil.rmtree(folder)
            folder = Path(tempfile.mkdtemp(prefix="fhirtrial-docs-"))
            furnish(folder, path)
        yield session, folder
    if folder:
        shutil.rmtree(folder)


def check_sessions(tap, path):
    for (line, _, commands), folder in folders(path):
        printed = run(commands, folder)
        printed += [["(the session ended early)"]] * (len(commands) - len(printed))
        for (command, expected), got in zip(commands, printed):
            problems = [] if agrees(expected, got) else ["the document says:", *expected, "the program:", *got]
            tap.result(f"{path.name}:{line} {command.splitlines()[0]}".replace("#", " "), problems)


def update(path):
    """Writes what the commands print into the document, but where it has `…`."""
    lines = path.read_text().splitlines()
    out, taken = [], 0
    for (start, _, commands), folder in folders(path):
        out += lines[taken:start]
        taken = lines.index("```", start)
        for (command, expected), got in zip(commands, run(commands, folder)):
            first, *rest = command.split("\n")
            out += ["$ " + first, *("> " + line for line in rest)]
            out += expected if any("…" in line for line in expected) else [text.rstrip() for text in got]
    path.write_text("\n".join(out + lines[taken:]) + "\n")


def check_links(tap, path):
    """Links within the project lead to a file, and to a heading where they name one."""
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, heading = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        problems = [] if there.exists() else [f"{target} leads nowhere"]
        if there.is_file() and heading:
            headings = {anchor(line) for line in there.read_text().splitlines() if line.startswith("#")}
            problems += [] if heading in headings else [f"no heading {heading} in {file or path.name}"]
        tap.result(f"{path.name}: link to {target}".replace("#", " "), problems)


def anchor(heading):
    text = heading.lstrip("#").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def source(name):
    return (TOP / "plugin" / name).read_text()


def check_listed(tap, document, what, words):
    """Each word stands in the document as `word`."""
    told = set(re.findall(r"`([^`\n]+)`", (TOP / "docs" / document).read_text()))
    missing = sorted(set(words) - told)
    tap.result(f"{document} names every {what}", [f"not there: {word}" for word in missing])
    if not words:
        tap.result(f"{document}: {what}", ["none was found in the sources: mend this test"])


def check_lists(tap):
    """What the sources list and the documents explain."""
    keys = re.findall(r'(?:TEXT|PATH|NUMBER|DURATION|CHOICE|LIST|OBJECT)\("(\w+)"', source("config_table.c"))
    keys += re.findall(r'\{"(\w+)", FIELD_', source("config_table.c"))
    check_listed(tap, "operator.md", "configuration key", keys)
    choices = re.findall(r"_choices\[\] = \{(.*?), NULL\}", source("config_table.c"))
    check_listed(tap, "operator.md", "choice", re.findall(r'"([^"]+)"', " ".join(choices)))
    names = re.findall(r'^    \{"([a-z.-]+)", (?:true|false)', source("query.c"), re.MULTILINE)
    check_listed(tap, "abi.md", "query", names)
    codes = re.findall(r"^#define FHIRTRIAL_(OK|PENDING|NOMATCH|E_\w+)", source("fhirtrial.h"), re.MULTILINE)
    lines = "".join(path.read_text() for path in (TOP / "plugin").glob("deliver/*.c"))
    events = re.findall(r'sender_line\([^"]*"([a-z.]+)"', lines) + re.findall(r'"(flag\.[a-z]+)"', lines)
    check_listed(tap, "operator.md", "log event of the delivery", events)
    told = (TOP / "docs" / "abi.md").read_text()
    tap.result("abi.md names every code", [f"not there: {c}" for c in codes if not re.search(rf"\b(FHIRTRIAL_)?{c}\b", told)])
    for function in ("result_name", "reason_name", "verdict_name"):
        body = re.search(function + r"\(.*?\{(.*?)\};", source("trial/verdict.c"), re.DOTALL).group(1)
        check_listed(tap, "glossary.md", function, re.findall(r'S_INIT\("([^"]+)"\)', body))


def main():
    if sys.argv[1:] == ["--update"]:
        for path in DOCUMENTS:
            update(path)
        return 0
    tap = Tap()
    for path in DOCUMENTS:
        check_sessions(tap, path)
        check_links(tap, path)
    check_lists(tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
