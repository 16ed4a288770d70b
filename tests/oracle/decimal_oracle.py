#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares plugin/base/decimal.c with Python's decimal module, which shares no code with it.

    decimal_oracle.py [--oracle PROGRAM] [--count N] [--seed N]   compare; prints TAP
    decimal_oracle.py --vectors                                   print tests/unit/base_decimal.tsv

A refusal ("none") is right only where the exact result, or an operand brought to the other's
scale, has more than 38 digits or more than 34 places; a product also where it does not fit in 128
bits before its trailing zeros are dropped.
"""
import argparse
import decimal
import os
import random
import subprocess
import sys
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal

decimal.getcontext().prec = 400
decimal.getcontext().Emax = 10000
decimal.getcontext().Emin = -10000
DIGITS, PLACES = 38, 34
TWO = ("add", "sub", "mul", "div", "quo", "rem", "cmp")
ONE = ("parse", "trim", "floor", "ceiling", "truncate", "places", "round0", "round2", "round8")


def scale(value):
    return max(0, -value.as_tuple().exponent)


def trimmed(value):
    value = value.normalize()
    return value.quantize(Decimal(1)) if value.as_tuple().exponent > 0 else value


def coefficient(value):
    value = trimmed(value)
    return int(value.scaleb(scale(value)))


def fits(value):
    value = trimmed(value)
    return len(value.as_tuple().digits) <= DIGITS and scale(value) <= PLACES


def alignable(a, b):
    """Both operands, without trailing zeros, can stand on the larger scale in 38 digits."""
    a, b = trimmed(a), trimmed(b)
    places = max(scale(a), scale(b))
    return all(abs(int(x.scaleb(places))) < 10 ** DIGITS for x in (a, b))


def written(result, a, b):
    """The sum fits on the scale its operands have without trailing zeros."""
    return abs(result.scaleb(max(scale(trimmed(a)), scale(trimmed(b))))) < 10 ** DIGITS


def text(value):
    value = value + 0 if value == 0 else value
    result = format(abs(value) if value == 0 else value, "f")
    return result


def places(value, n):
    return value.quantize(Decimal(1).scaleb(-n), rounding=ROUND_HALF_UP)


def expected(op, a, b=None):
    """(answer, may it be refused): the answer is compared by value, and by text for one operand."""
    if op == "add" or op == "sub":
        result = a + b if op == "add" else a - b
        return result, not alignable(a, b) or not written(result, a, b)
    if op == "mul":
        return a * b, not fits(a * b) or abs(coefficient(a) * coefficient(b)) >= 2 ** 127
    if op == "div":
        if b == 0:
            return None, True
        result = places(a / b, 8)
        return result, not fits(result) or abs(result) >= Decimal(10) ** (DIGITS - 8)
    if op in ("quo", "rem"):
        if b == 0:
            return None, True
        quotient = (a / b).to_integral_value(rounding=ROUND_DOWN)
        return quotient if op == "quo" else a - b * quotient, not alignable(a, b)
    if op == "cmp":
        return Decimal((a > b) - (a < b)), False
    if op == "parse":
        return a, False
    if op == "trim":
        return trimmed(a), False
    if op == "places":
        return Decimal(scale(trimmed(a))), False
    if op.startswith("round"):
        n = int(op[5:])
        return a if scale(a) <= n else places(a, n), False
    mode = {"floor": ROUND_FLOOR, "ceiling": ROUND_CEILING, "truncate": ROUND_DOWN}[op]
    return a.to_integral_value(rounding=mode), False


def judge(words, answer):
    a = Decimal(words[1])
    b = Decimal(words[2]) if len(words) == 3 else None
    right, refusable = expected(words[0], a, b)
    if answer == "none":
        return refusable
    if right is None:
        return False
    if b is None:
        return answer == text(right) or (right == 0 and Decimal(answer) == 0 and scale(
            Decimal(answer)) in (scale(right), 0))
    return Decimal(answer) == right


def random_number(chance):
    kind = chance.random()
    if kind < 0.5:  # what the FHIRPath specification allows: 20 digits before, 8 behind the point
        before, behind = chance.randint(1, 20), chance.randint(0, 8)
    elif kind < 0.8:
        before, behind = chance.randint(1, 4), chance.randint(0, 3)
    else:
        before = chance.randint(1, 38)
        behind = chance.randint(0, min(PLACES, 38 - before))
    digits = "".join(chance.choice("0123456789") for _ in range(before + behind))
    if chance.random() < 0.3:  # runs of zeros and nines are where carries go wrong
        at = chance.randint(0, len(digits))
        digits = digits[:at] + chance.choice("09") * (len(digits) - at)
    whole = digits[:before].lstrip("0") or "0"
    sign = "-" if chance.random() < 0.4 and digits.strip("0") else ""
    return sign + whole + ("." + digits[before:] if behind else "")


def questions(chance, count):
    for _ in range(count):
        if chance.random() < 0.75:
            a, b = random_number(chance), random_number(chance)
            if chance.random() < 0.1:
                b = a
            yield [chance.choice(TWO), a, b]
        else:
            yield [chance.choice(ONE), random_number(chance)]


def vectors():
    chance = random.Random(20260101)
    hand = [["div", "1", "3"], ["div", "2", "3"], ["div", "-2", "3"], ["div", "1", "0"],
            ["div", "0", "7"], ["div", "1", "200000000"], ["div", "1", "200000001"],
            ["div", "0.00000001", "2"], ["div", "-0.00000001", "2"], ["sub", "1.8", "1.2"],
            ["quo", "5.5", "0.7"], ["rem", "5.5", "0.7"], ["rem", "-5.5", "0.7"],
            ["rem", "5.5", "-0.7"], ["mul", "1.10", "1.0"], ["round2", "2.675"],
            ["round2", "-2.675"], ["round0", "0.5"], ["round0", "-0.5"], ["floor", "-0.1"],
            ["ceiling", "-0.1"], ["ceiling", "0.1"], ["floor", "-2.00"], ["trim", "100.00"],
            ["places", "1.500"], ["cmp", "1.0", "1"], ["cmp", "-0.5", "-0.50000001"],
            ["add", "99999999999999999999999999999999999999", "1"],
            ["cmp", "99999999999999999999999999999999999999",
             "0.0000000000000000000000000000000001"],
            ["mul", "9999999999999999999", "9999999999999999999"],
            ["mul", "0.123456789012345678", "0.123456789012345678"]]
    print("# operation\toperands\tresult (none: refused); made by tests/oracle/decimal_oracle.py")
    for words in hand + list(questions(chance, 169)):
        b = Decimal(words[2]) if len(words) == 3 else None
        right, refusable = expected(words[0], Decimal(words[1]), b)
        print("\t".join([words[0], words[1], words[2] if b is not None else "",
                         "none" if refusable else text(trimmed(right) if b is not None else right)]))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--oracle", default=os.path.join(
        os.environ.get("builddir", "."), "tests/oracle/oracle"))
    options.add_argument("--count", type=int, default=60000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--vectors", action="store_true")
    args = options.parse_args()
    if args.vectors:
        return vectors()
    asked = list(questions(random.Random(args.seed), args.count))
    reply = subprocess.run([args.oracle], input="".join("\t".join(q) + "\n" for q in asked),
                           capture_output=True, text=True, timeout=120, check=True)
    answers = reply.stdout.splitlines()
    wrong = [(q, a) for q, a in zip(asked, answers) if not judge(q, a)]
    ok = len(answers) == len(asked) and not wrong
    print("1..1")
    for question, answer in wrong[:10]:
        print("#", *question, "gave", answer)
    print("ok" if ok else "not ok", f"1 - {len(asked)} operations as Python's decimal, seed",
          args.seed)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
