# SPDX-License-Identifier: Apache-2.0
"""Reads the list of malformed mappings and applies its cases to a copy of the mappings, one after another.

A case of mappings.json changes one file: `swap` replaces the first occurrence of a text, `text` and `hex` give the whole
content, `cut` ends the file before a text, `append` and `pad` add to its end, `copy` makes it of another file, `rename`
moves it. What must be said of it: `in` (the file, unless it is the changed one), `place` (a JSON pointer), `says` and
`remedy` (whole texts), and the line: that of the change, of the text `at` in the changed file, or 0 for a file as a whole.
`more` tells that other errors may follow from this one, `level` that it is a warning.
"""

import contextlib
import json
import shutil
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
TOP = FOLDER.parents[1]


def cases(name="mappings.json"):
    return json.loads((FOLDER / name).read_text())


def changed(case, before):
    """The bytes of the file after the change."""
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    if "text" in case:
        return case["text"].encode()
    text = before.decode()
    if "cut" in case:
        return text[: text.index(case["cut"])].encode()
    if "append" in case:
        return (text + case["append"]).encode()
    if "pad" in case:
        return before + b" " * case["pad"]
    old, new = case["swap"]
    if old not in text:
        raise AssertionError(f"{case['name']}: {case['file']} no longer holds {old!r}; adapt the case")
    return text.replace(old, new, 1).encode("utf-8", "surrogateescape")


def line_of(data, offset):
    return data.count(b"\n", 0, offset) + 1


def line_in(case, before, after):
    """The line that must be named: of `at`, else of the first byte that differs."""
    if "line" in case:
        return case["line"]
    if "at" in case:
        return line_of(after, after.index(case["at"].encode()))
    differ = next((i for i, (a, b) in enumerate(zip(before, after)) if a != b), min(len(before), len(after)))
    return line_of(after, differ)


def expected_line(case, mappings, before):
    changed_file = mappings / case.get("in", case["file"])
    return 0 if case.get("line") == 0 else line_in(case, before, changed_file.read_bytes())


@contextlib.contextmanager
def applied(case, mappings):
    """The mappings folder with the case in it, and the line that must be named; as it was afterwards."""
    path = mappings / case["file"]
    before = path.read_bytes() if path.exists() else None
    fresh = [parent for parent in path.parents if not parent.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    moved = None
    try:
        if "rename" in case:
            moved = mappings / case["rename"]
            path.rename(moved)
            line = 0
        elif "copy" in case:
            shutil.copyfile(mappings / case["copy"], path)
            line = expected_line(case, mappings, b"")
        else:
            path.write_bytes(changed(case, before))
            line = expected_line(case, mappings, before or b"")
        yield line
    finally:
        if moved:
            moved.unlink()
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)
        for folder in fresh:
            folder.rmdir()
