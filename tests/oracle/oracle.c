/* SPDX-License-Identifier: Apache-2.0 */
/* oracle: the exact arithmetic of the base and fhir rooms as a filter, so that an independent
 * implementation (tests/oracle/NAME.py) can be asked the same questions. One question a line of
 * standard input, words parted by tabs; one answer a line of standard output, "none" where the
 * operation refuses. */
#include "base/when.h"
#include "fhir/quantity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 8 };

static void put(decimal value) {
    char text[DECIMAL_TEXT];
    printf("%.*s\n", (int)decimal_format(value, text), text);
}

static void put_if(bool ok, decimal value) {
    if (ok) {
        put(value);
    } else {
        puts("none");
    }
}

static void two_operands(const char *op, decimal a, decimal b) {
    decimal r = {0}, other = {0};
    bool ok = true;
    if (strcmp(op, "add") == 0) {
        ok = decimal_add(a, b, &r);
    } else if (strcmp(op, "sub") == 0) {
        ok = decimal_sub(a, b, &r);
    } else if (strcmp(op, "mul") == 0) {
        ok = decimal_mul(a, b, &r);
    } else if (strcmp(op, "div") == 0) {
        ok = decimal_div(a, b, &r);
    } else if (strcmp(op, "quo") == 0) {
        ok = decimal_divmod(a, b, &r, &other);
    } else if (strcmp(op, "rem") == 0) {
        ok = decimal_divmod(a, b, &other, &r);
    } else if (strcmp(op, "cmp") == 0) {
        r = decimal_int(decimal_compare(a, b));
    } else {
        puts("what?");
        return;
    }
    put_if(ok, r);
}

static void one_operand(const char *op, decimal a) {
    if (strcmp(op, "parse") == 0) {
        put(a);
    } else if (strcmp(op, "trim") == 0) {
        put(decimal_trim(a));
    } else if (strcmp(op, "floor") == 0) {
        put(decimal_floor(a));
    } else if (strcmp(op, "ceiling") == 0) {
        put(decimal_ceiling(a));
    } else if (strcmp(op, "truncate") == 0) {
        put(decimal_truncate(a));
    } else if (strcmp(op, "places") == 0) {
        printf("%d\n", decimal_places(a));
    } else if (strncmp(op, "round", 5) == 0) {
        put(decimal_round(a, (int)strtol(op + 5, NULL, 10)));
    } else {
        puts("what?");
    }
}

static bool read_when(const char *text, when *out) {
    str s = str_from(text);
    if (str_starts(s, S("T"))) return when_parse_time(str_slice(s, 1, s.n), out);
    return s.n > 10 ? when_parse_datetime(s, out) : when_parse_date(s, out);
}

static void put_when(bool ok, when value) {
    char text[WHEN_TEXT];
    if (ok) {
        printf("%.*s\n", (int)when_format(value, text), text);
    } else {
        puts("none");
    }
}

/* when.add VALUE AMOUNT UNIT | when.compare A B | when.duration A B UNIT | when.difference A B UNIT
 * | when.day VALUE | when.unix VALUE; units are the numbers of when_unit. */
static void about_when(char *words[WORDS], int n) {
    when a, b, r = {0};
    int order = 0;
    int64_t number = 0;
    const char *op = words[0] + strlen("when.");
    when_unit unit = (when_unit)(n == 4 ? words[3][0] - '0' : 0);
    if (n < 2 || !read_when(words[1], &a)) {
        puts("none");
    } else if (strcmp(op, "day") == 0) {
        printf("%lld\n", (long long)when_day_number(a));
    } else if (strcmp(op, "unix") == 0) {
        bool ok = when_to_unix(a, &number);
        put_when(ok, when_from_unix(number, a.zone));
    } else if (strcmp(op, "add") == 0) {
        decimal amount;
        bool ok = decimal_parse(str_from(words[2]), &amount) && when_add(a, amount, unit, &r);
        put_when(ok, r);
    } else if (!read_when(words[2], &b)) {
        puts("none");
    } else if (strcmp(op, "compare") == 0) {
        bool ok = when_compare(a, b, &order) == TRI_TRUE;
        put_if(ok, decimal_int(order));
    } else if (strcmp(op, "duration") == 0) {
        bool ok = when_duration(a, b, unit, &number);
        put_if(ok, decimal_int(number));
    } else {
        bool ok = when_difference(a, b, unit, &number);
        put_if(ok, decimal_int(number));
    }
}

/* The exponents of the base dimensions, then of the arbitrary units: equal for units that convert
 * into each other, but for units that a function defines. */
static void put_dimension(const unit *u) {
    for (int i = 0; i < UNIT_DIMENSIONS; i++) printf("%d ", u->dim[i]);
    for (int i = 0; i < UNIT_OWN_MOST && u->own_exponent[i]; i++)
        printf("own %d %d ", u->own_atom[i], u->own_exponent[i]);
    puts(u->special ? "special" : "plain");
}

/* unit CODE | convert VALUE FROM TO */
static void about_units(char *words[WORDS], int n) {
    unit from, to;
    decimal value = {0};
    if (n == 2 && unit_parse(str_from(words[1]), &from, NULL)) {
        put_dimension(&from);
    } else if (n == 4 && decimal_parse(str_from(words[1]), &value) &&
               unit_parse(str_from(words[2]), &from, NULL) &&
               unit_parse(str_from(words[3]), &to, NULL)) {
        bool ok = unit_convert(value, &from, &to, &value);
        put_if(ok, value);
    } else {
        puts("none");
    }
}

static void answer(char *words[WORDS], int n) {
    if (strncmp(words[0], "when.", 5) == 0) {
        about_when(words, n);
        return;
    }
    if (strcmp(words[0], "unit") == 0 || strcmp(words[0], "convert") == 0) {
        about_units(words, n);
        return;
    }
    decimal a, b;
    if (n < 2 || !decimal_parse(str_from(words[1]), &a)) {
        puts("none");
    } else if (n == 2) {
        one_operand(words[0], a);
    } else if (!decimal_parse(str_from(words[2]), &b)) {
        puts("none");
    } else {
        two_operands(words[0], a, b);
    }
}

int main(void) {
    static char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        char *words[WORDS] = {0};
        int n = 0;
        for (char *word = line; word && n < WORDS;) {
            words[n++] = word;
            word = strchr(word, '\t');
            if (word) *word++ = '\0';
        }
        answer(words, n);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
