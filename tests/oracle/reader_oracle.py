#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the readers of plugin/fhir with Python's json module, which shares no code with them, and FHIR XML with the
JSON that it was made from.

    reader_oracle.py [--reader PROGRAM] [--count N] [--seed N]   prints TAP

1. Random JSON documents, good ones and ones with a few bytes changed: both sides must agree on whether it is JSON, and on
   every value, with the digits of numbers. Where we are stricter on purpose (NUL, lone surrogates, duplicate names, depth)
   the oracle is made as strict.
2. The R4 examples under ../shared/samples: our canonical form is what Python makes of the file (names sorted, numbers as
   written); and it stays the same when members are shuffled, characters escaped and white space added.
3. The same examples as FHIR XML, made by the npm package `fhir` (of tests/servers): our canonical form of the XML is
   that of the JSON, but for the narrative's text and the digits that the package does not keep.
4. Generated resources (tests/bench/generate) as JSON and as XML: our canonical form of both is what Python makes of the
   JSON, with every digit of every number.
"""
import argparse
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests"))
from tap import Tap  # noqa: E402

BUILD = Path(os.environ.get("builddir", "build")).resolve()
SHARED = Path(os.environ.get("FHIRTRIAL_SHARED", TOP.parent / "shared"))
SERVERS = TOP / "tests" / "servers"
EXAMPLES = ("fhir-r4-spec-examples", "us-core-examples", "mcode-examples", "codex-rt-examples", "synthea-smart-r4")
DEPTH = 64


class Number(str):
    """A number by its digits."""


class Refused(ValueError):
    pass


def refuse(*_):
    raise Refused


def pairs(members):
    names = [name for name, _ in members]
    if len(set(names)) != len(names):
        raise Refused
    return dict(members)


def strict(value, depth=0):
    """Raises where our reader is stricter than Python's."""
    if isinstance(value, (dict, list)):
        if depth == DEPTH:
            raise Refused
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            strict(name, depth)
            strict(part, depth + 1)
    elif isinstance(value, str):
        if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
            raise Refused


def oracle(data):
    """The value of a JSON document, or None."""
    try:
        if data.startswith(b"\xef\xbb\xbf"):
            data = data[3:]
        text = data.decode("utf-8", "strict")
        value = json.loads(text, parse_float=Number, parse_int=Number, parse_constant=refuse, object_pairs_hook=pairs)
        strict(value)
        return [value]
    except (Refused, ValueError, RecursionError):
        return None


def canonical(value):
    """Names sorted by their UTF-8, compact, numbers as written."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode())
        return "{" + ",".join(f"{canonical(name)}:{canonical(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


class Reader:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, mode, data):
        """(True, findings, text) or (False, code, offset)."""
        self.process.stdin.write(f"{mode} {len(data)}\n".encode() + data)
        self.process.stdin.flush()
        line = self.process.stdout.readline().decode().rstrip("\n")
        if line.startswith("ok "):
            _, findings, text = line.split(" ", 2)
            return True, int(findings), text
        _, code, at = line.split(" ")
        return False, code, int(at)

    def close(self):
        self.process.stdin.close()
        return self.process.wait(30)


# --- random documents -----------------------------------------------------------------------------

PIECES = ["a", "b", "0", "é", "€", "😀", "\n", "\t", "\\", '"', "/", " ", "\x7f", "\u2028", "xyz" * 9, "\x1f"]
TOKENS = [b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"0", b"-", b".", b"e", b"1", b" ", b"\n", b"t", b"null", b"\\u",
          b"\x00", b"\x80", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"\\udc00", b'"a":', b"01", b"[[", b"true"]


def random_number(r):
    text = r.choice(["", "-"]) + r.choice(["0", str(r.randrange(1, 10 ** r.randrange(1, 30)))])
    if r.random() < 0.4:
        text += "." + str(r.randrange(10 ** r.randrange(1, 20)))
    if r.random() < 0.2:
        text += r.choice("eE") + r.choice(["", "+", "-"]) + str(r.randrange(400))
    return Number(text)


def random_value(r, depth=0):
    kind = r.randrange(9 if depth < 6 else 6)
    if kind == 0:
        return r.choice([True, False, None])
    if kind < 3:
        return random_number(r)
    if kind < 6:
        return "".join(r.choice(PIECES) for _ in range(r.randrange(8)))
    if kind == 6:
        return [random_value(r, depth + 1) for _ in range(r.randrange(5))]
    return {"".join(r.choice(PIECES) for _ in range(r.randrange(1, 4))): random_value(r, depth + 1) for _ in range(r.randrange(5))}


def spelt(r, value):
    """The value as JSON with any white space and any escapes, members in any order."""
    space = lambda: r.choice(["", "", "", " ", "\n\t", "\r\n  "])
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        members = list(value.items())
        r.shuffle(members)
        inside = ",".join(f"{space()}{spelt(r, name)}{space()}:{space()}{spelt(r, part)}{space()}" for name, part in members)
        return "{" + (inside or space()) + "}"
    if isinstance(value, list):
        return "[" + (",".join(f"{space()}{spelt(r, part)}{space()}" for part in value) or space()) + "]"
    if not isinstance(value, str):
        return json.dumps(value)
    out = []
    for c in value:
        if c < " " or c in '"\\' or r.random() < 0.1:
            out.append(json.dumps(c)[1:-1] if r.random() < 0.5 else "".join(
                f"\\u{unit:04x}" if r.random() < 0.5 else f"\\u{unit:04X}" for unit in utf16(c)))
        else:
            out.append(c)
    return '"' + "".join(out) + '"'


def utf16(c):
    data = c.encode("utf-16-be")
    return [data[i] << 8 | data[i + 1] for i in range(0, len(data), 2)]


def broken(r, data):
    data = bytearray(data)
    for _ in range(r.randrange(1, 4)):
        at = r.randrange(len(data) + 1)
        choice = r.randrange(3)
        if choice == 0:
            data[at:at + r.randrange(1, 4)] = b""
        elif choice == 1:
            data[at:at] = r.choice(TOKENS)
        else:
            data[at:at + 1] = r.choice(TOKENS)
    return bytes(data)


def same_value(data, answer):
    """A problem, or None: the answer must be the oracle's."""
    expected = oracle(data)
    ok, _, text = answer
    if ok != (expected is not None):
        return f"{'read' if ok else 'refused'}: {data!r}"
    if ok and canonical(oracle(text.encode())[0]) != canonical(expected[0]):
        return f"another value: {data!r}"
    return None


def random_documents(tap, reader, r, count):
    problems, good = [], 0
    for _ in range(count):
        data = spelt(r, random_value(r)).encode()
        if r.random() < 0.5:
            data = broken(r, data)
        good += oracle(data) is not None
        problem = same_value(data, reader.ask("plain", data))
        if problem:
            problems.append(problem)
    tap.result(f"{count} random documents as Python reads them", problems[:5])
    tap.result("good and bad documents are both there", [] if count // 4 < good < count else [good])


def depths(tap, reader):
    problems = []
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        for depth in (DEPTH - 1, DEPTH, DEPTH + 1, 1000):
            data = (opening * depth + "0" + closing * depth).encode()
            ok, code, _ = reader.ask("plain", data)
            if ok != (depth <= DEPTH) or (not ok and code != "limit"):
                problems.append(f"{opening} {depth}: {code}")
    tap.result("depth is limited where it should be", problems)


# --- FHIR -----------------------------------------------------------------------------------------

def example_files():
    for folder in EXAMPLES:
        yield from sorted((SHARED / "samples" / folder).rglob("*.json"))


def check_examples(tap, reader, r):
    problems, n = [], 0
    for path in example_files():
        data = path.read_bytes()
        value = oracle(data)
        if not value or "resourceType" not in value[0]:
            continue
        n += 1
        expected = (True, 0, canonical(value[0]))
        if reader.ask("json", data) != expected:
            problems.append(f"{path.name}: not what Python makes of it")
        if reader.ask("json", spelt(r, value[0]).encode()) != expected:
            problems.append(f"{path.name}: changes with its spelling")
    tap.result(f"canonical form of {n} examples", problems)
    tap.result("enough examples", [] if n >= 300 else [n])


def plain_numbers(value):
    """Numbers as JavaScript would write them, and no narrative."""
    if isinstance(value, Number):
        number = float(value)
        return Number(int(number) if number.is_integer() and abs(number) < 1e15 else repr(number))
    if isinstance(value, dict):
        return {name: plain_numbers(part) for name, part in value.items() if name != "div"}
    if isinstance(value, list):
        return [plain_numbers(part) for part in value]
    return value


CONVERT = """
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
const { Fhir } = createRequire(process.argv[1])('fhir');
const fhir = new Fhir();
for (const path of readFileSync(0, 'utf8').trim().split('\\n')) {
  let xml = '';
  try { xml = fhir.objToXml(JSON.parse(readFileSync(path, 'utf8'))); } catch (e) { xml = ''; }
  process.stdout.write(JSON.stringify(xml) + '\\n');
}
"""


def xml_of(paths):
    """The files as XML, by npm's `fhir`; None where it is not installed."""
    node = SERVERS / ".node" / "node"
    if not node.exists() or not (SERVERS / "node_modules" / "fhir").exists():
        return None
    run = subprocess.run([node, "--input-type=module", "-e", CONVERT, str(SERVERS / "package.json")],
                         input="\n".join(map(str, paths)), capture_output=True, text=True, timeout=300, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def check_xml(tap, reader):
    paths = [p for p in example_files() if p.parent.name in ("fhir-r4-spec-examples", "us-core-examples")]
    documents = xml_of(paths) if paths else None
    if documents is None:
        tap.skip("XML of the examples", "npm packages of tests/servers are not installed")
        return
    problems, n = [], 0
    for path, xml in zip(paths, documents):
        value = oracle(path.read_bytes())
        if not xml or not value or "resourceType" not in value[0]:
            continue
        n += 1
        ok, findings, text = reader.ask("xml", xml.encode())
        if not ok or findings:
            problems.append(f"{path.name}: {ok} {findings} {text}")
        elif canonical(plain_numbers(oracle(text.encode())[0])) != canonical(plain_numbers(value[0])):
            problems.append(f"{path.name}: another resource")
    tap.result(f"XML of {n} examples is their JSON", problems)
    tap.result("enough XML", [] if n >= 150 else [n])


def generated(form, count):
    run = subprocess.run([BUILD / "tests" / "bench" / "generate", form, str(count)], capture_output=True, check=True, timeout=300)
    return run.stdout.splitlines()


def check_generated(tap, reader, count):
    problems, zeros, exponents = [], 0, 0
    for number, (as_json, as_xml) in enumerate(zip(generated("json", count), generated("xml", count), strict=True), 1):
        text = canonical(oracle(as_json)[0])
        zeros += len(re.findall(r"\.\d*0[,}]", text))
        exponents += len(re.findall(r"\.\d*e0[,}]", text))
        for mode, data in (("json", as_json), ("xml", as_xml)):
            if reader.ask(mode, data) != (True, 0, text):
                problems.append(f"resource {number} as {mode}: another resource")
    tap.result(f"{count} generated resources as JSON and as XML, with their digits", problems[:5])
    tap.result("numbers with zeros at the end and with exponents are there", [] if zeros > 100 and exponents else [zeros, exponents])


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--reader", default=BUILD / "tests" / "oracle" / "reader")
    arguments.add_argument("--count", type=int, default=4000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--generated", type=int, default=2000)
    options = arguments.parse_args()
    tap, r, reader = Tap(), random.Random(options.seed), Reader(options.reader)
    random_documents(tap, reader, r, options.count)
    depths(tap, reader)
    check_generated(tap, reader, options.generated)
    if (SHARED / "samples").is_dir():
        check_examples(tap, reader, r)
        check_xml(tap, reader)
    else:
        tap.skip("the examples", "no shared samples")
    tap.result("the reader ends well", [] if reader.close() == 0 else ["it did not"])
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
