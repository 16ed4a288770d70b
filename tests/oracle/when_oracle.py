#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares plugin/base/when*.c with Python's datetime, which shares no code with it: day numbers,
adding, comparison, whole and crossed units, the Unix clock, zones included. Prints TAP."""
import argparse
import calendar
import os
import random
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone

YEAR, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, MILLI = range(8)
SPAN = {WEEK: timedelta(weeks=1), DAY: timedelta(days=1), HOUR: timedelta(hours=1),
        MINUTE: timedelta(minutes=1), SECOND: timedelta(seconds=1),
        MILLI: timedelta(milliseconds=1)}


def text(moment):
    if not isinstance(moment, datetime):
        return moment.isoformat()
    return moment.isoformat(timespec="milliseconds")


def random_moment(chance):
    near = chance.random() < 0.5  # near month and year ends, where carries happen
    day = date.fromordinal(chance.randint(date(1800, 1, 1).toordinal(),
                                          date(2200, 1, 1).toordinal()))
    if near:
        day = date(day.year, chance.choice((1, 2, 2, 3, 12)), chance.choice((1, 28)))
        day += timedelta(days=chance.randint(-1, 3))
    if chance.random() < 0.3:
        return day
    zone = timezone(timedelta(minutes=chance.choice((0, 60, -300, 330, 840, -720, -210))))
    clock = chance.choice((0, 1, 43200000, 86399999, chance.randint(0, 86399999)))
    return datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(milliseconds=clock)


def add_months(moment, months):
    number = moment.year * 12 + moment.month - 1 + months
    year, month = number // 12, number % 12 + 1
    last = calendar.monthrange(year, month)[1]
    return moment.replace(year=year, month=month, day=min(moment.day, last))


def added(moment, amount, unit):
    if unit in (YEAR, MONTH):
        return add_months(moment, amount * (12 if unit == YEAR else 1))
    span = SPAN[unit] * amount
    if not isinstance(moment, datetime):  # a date takes whole days, cut toward zero
        days = abs(span) // timedelta(days=1)
        span = timedelta(days=days if span > timedelta(0) else -days)
    return moment + span


def midnight(moment):
    if isinstance(moment, datetime):
        return moment
    return datetime(moment.year, moment.month, moment.day)


def whole(a, b, unit):
    if unit not in (YEAR, MONTH):
        count = abs(b - a) // SPAN[unit]
        return count if b >= a else -count
    months = (b.year - a.year) * 12 + b.month - a.month
    place = lambda m: (m.day, m.hour, m.minute, m.second, m.microsecond)
    if months > 0 and place(b) < place(a):
        months -= 1
    if months < 0 and place(b) > place(a):
        months += 1
    if unit == MONTH:
        return months
    return months // 12 if months >= 0 else -(-months // 12)


def crossed(a, b, unit):
    if unit == YEAR:
        return b.year - a.year
    if unit == MONTH:
        return (b.year - a.year) * 12 + b.month - a.month
    if unit == WEEK:  # ordinal 1 is a Monday; weeks begin on Sunday
        return b.toordinal() // 7 - a.toordinal() // 7
    start = datetime(1, 1, 1)
    return (b.replace(tzinfo=None) - start) // SPAN[unit] - (a.replace(tzinfo=None) - start) // SPAN[unit]


def question(chance):
    """A line for the filter and the right answer."""
    kind = chance.choice(("add", "add", "compare", "duration", "difference", "day", "unix"))
    a, b = random_moment(chance), random_moment(chance)
    if kind == "day":
        return ["when.day", text(a)], str(a.toordinal() - 1)
    if kind == "add":
        unit = chance.randint(YEAR, MILLI)
        amount = chance.choice((1, -1, 7, chance.randint(-400, 400), chance.randint(-90000, 90000)))
        if unit <= MONTH:
            amount %= 400
        return ["when.add", text(a), str(amount), str(unit)], text(added(a, amount, unit))
    if kind == "unix":
        a = a if isinstance(a, datetime) else datetime(2024, 2, 29, tzinfo=timezone.utc)
        seconds = a.timestamp()  # the round trip must give the same moment in the same zone
        return ["when.unix", text(a)], text(datetime.fromtimestamp(seconds, a.tzinfo))
    while isinstance(a, datetime) != isinstance(b, datetime):
        b = random_moment(chance)
    if kind == "compare":
        if chance.random() < 0.3 and isinstance(a, datetime):
            b = a.astimezone(b.tzinfo)
        return ["when.compare", text(a), text(b)], str((a > b) - (a < b))
    if isinstance(a, datetime):
        unit, c = chance.randint(YEAR, MILLI), b.astimezone(a.tzinfo)
    else:
        unit, c = chance.randint(YEAR, DAY), b
    right = whole if kind == "duration" else crossed
    answer = right(midnight(a), midnight(c), unit)
    return ["when." + kind, text(a), text(b), str(unit)], str(answer)


def same(got, right):
    if got == right:
        return True
    strip = lambda s: s.replace("Z", "+00:00").replace(".000", "")
    return strip(got) == strip(right)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--oracle", default=os.path.join(
        os.environ.get("builddir", "."), "tests/oracle/oracle"))
    options.add_argument("--count", type=int, default=40000)
    options.add_argument("--seed", type=int, default=1)
    args = options.parse_args()
    chance = random.Random(args.seed)
    asked = [question(chance) for _ in range(args.count)]
    reply = subprocess.run([args.oracle], input="".join("\t".join(q) + "\n" for q, _ in asked),
                           capture_output=True, text=True, timeout=120, check=True)
    answers = reply.stdout.splitlines()
    wrong = [(q, right, got) for (q, right), got in zip(asked, answers) if not same(got, right)]
    ok = len(answers) == len(asked) and not wrong
    print("1..1")
    for words, right, got in wrong[:10]:
        print("#", *words, "gave", got, "and not", right)
    print("ok" if ok else "not ok", f"1 - {len(asked)} operations as Python's datetime, seed",
          args.seed)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
