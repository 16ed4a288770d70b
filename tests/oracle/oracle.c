/* SPDX-License-Identifier: Apache-2.0 */
/* oracle: the exact arithmetic of the base and fhir rooms as a filter, so that an independent
 * implementation (tests/oracle/NAME.py) can be asked the same questions. One question a line of
 * standard input, words parted by tabs; one answer a line of standard output, "none" where the
 * operation refuses. */
#include "base/decimal.h"

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
    decimal r = {0}, rest = {0};
    if (strcmp(op, "add") == 0) {
        put_if(decimal_add(a, b, &r), r);
    } else if (strcmp(op, "sub") == 0) {
        put_if(decimal_sub(a, b, &r), r);
    } else if (strcmp(op, "mul") == 0) {
        put_if(decimal_mul(a, b, &r), r);
    } else if (strcmp(op, "div") == 0) {
        put_if(decimal_div(a, b, &r), r);
    } else if (strcmp(op, "quo") == 0) {
        put_if(decimal_divmod(a, b, &r, &rest), r);
    } else if (strcmp(op, "rem") == 0) {
        put_if(decimal_divmod(a, b, &r, &rest), rest);
    } else if (strcmp(op, "cmp") == 0) {
        printf("%d\n", decimal_compare(a, b));
    } else {
        puts("what?");
    }
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

static void answer(char *words[WORDS], int n) {
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
