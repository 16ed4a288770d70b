/* SPDX-License-Identifier: Apache-2.0 */
/* call_regex.c: matches, matchesFull, replaceMatches. */
#include "path/calls.h"
#include "path/regex.h"

/* The compiled pattern of argument 0: from the program when it is a literal, else compiled now. */
static const regex *pattern_of(machine *m, const call *c, int flags_at) {
    const program *p = m->program;
    str text = c->args_v[0].it.text, flags = {0}, why;
    if (c->args > flags_at) flags = c->args_v[flags_at].it.text;
    for (isize i = 0; flags.n == 0 && i < p->pattern_count; i++)
        if (p->patterns[i].text == text.p) return p->patterns[i].regex;
    isize at;
    const regex *r = regex_compile(m->run->arena, text, flags, &why, &at);
    if (!r) machine_fail(m, "malformed regular expression: %.*s", STR_ARGS(why));
    return r;
}

static bool stopped(machine *m, regex_status status) {
    return machine_limit(m, status == REGEX_STEPS
                                ? "steps of one expression"
                                : "steps of a regular expression (PCRE2 match limit)");
}

static bool answer(machine *m, const call *c, bool full) {
    const regex *r = pattern_of(m, c, 1);
    bool found;
    if (!r) return false;
    regex_status status = regex_match(r, c->input.it.text, full, &m->steps, &found);
    return status == REGEX_OK ? push_boolean(m, found) : stopped(m, status);
}

bool call_matches(machine *m, call *c) { return answer(m, c, false); }
bool call_matchesFull(machine *m, call *c) { return answer(m, c, true); }

bool call_replaceMatches(machine *m, call *c) {
    /* FHIRPath 3.0: an empty pattern leaves the input as it is. */
    if (c->args_v[0].it.text.n == 0) return push_string(m, c->input.it.text);
    const regex *r = pattern_of(m, c, 2);
    str out;
    if (!r) return false;
    regex_status status =
        regex_replace(r, m->run->arena, c->input.it.text, c->args_v[1].it.text, &m->steps, &out);
    return status == REGEX_OK ? push_string(m, out) : stopped(m, status);
}
