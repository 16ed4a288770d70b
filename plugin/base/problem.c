/* SPDX-License-Identifier: Apache-2.0 */
/* The list of findings, and the two helps that make a finding useful: the nearest known name, and
 * line and column of an offset. */
#include "base/problem.h"

problems problems_new(arena *a) { return (problems){.arena = a}; }

void problems_add(problems *found, problem p) {
    if (p.level >= PROBLEM_ERROR) found->errors++;
    if (found->n == LIMIT_PROBLEMS) {
        found->dropped++;
        return;
    }
    if (found->n == found->cap) {
        isize cap = found->cap ? found->cap * 2 : 8;
        found->list = arena_grow(found->arena, found->list, found->cap, cap, (isize)sizeof p,
                                 (isize) _Alignof(problem));
        found->cap = cap;
    }
    p.file = arena_str(found->arena, p.file);
    p.place = arena_str(found->arena, p.place);
    p.text = arena_str(found->arena, p.text);
    p.remedy = arena_str(found->arena, p.remedy);
    found->list[found->n++] = p;
}

/* A third of the letters may be wrong, at least one, at most three: more is another word. */
static int tolerance(str name) {
    if (name.n < 6) return 1;
    return name.n < 9 ? 2 : 3;
}

str problem_nearest(str name, const str *candidates, isize count) {
    int most = tolerance(name);
    int best = most + 1;
    str nearest = {0};
    for (isize i = 0; i < count; i++) {
        if (str_eq_ascii_case(name, candidates[i])) return candidates[i];
        int distance = str_distance(name, candidates[i], most);
        if (distance < best) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}

void problem_line_column(str text, isize at, int *line, int *column) {
    if (at > text.n) at = text.n;
    *line = 1;
    *column = 1;
    for (isize i = 0; i < at; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '\n') {
            (*line)++;
            *column = 1;
        } else if ((c & 0xc0) != 0x80) { /* continuation bytes of UTF-8 start no column */
            (*column)++;
        }
    }
}
