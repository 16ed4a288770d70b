/* SPDX-License-Identifier: Apache-2.0 */
/* call_strings.c: String manipulation. Positions and lengths count code points. */
#include "path/calls.h"
#include "path/text.h"
#include <string.h>

static str input(const call *c) { return c->input.it.text; }
static str argument(const call *c, int k) { return c->args_v[k].it.text; }

/* Position in code points of the byte offset, or -1. */
static bool push_position(machine *m, str s, isize at) {
    return push_integer(m, at < 0 ? -1 : text_length(str_slice(s, 0, at)));
}

bool call_indexOf(machine *m, call *c) {
    return push_position(m, input(c), str_find(input(c), argument(c, 0), 0));
}

bool call_lastIndexOf(machine *m, call *c) {
    str s = input(c), needle = argument(c, 0);
    isize found = needle.n == 0 ? 0 : -1; /* FHIRPath 3.0: 0 for the empty string */
    for (isize at = s.n - needle.n; at >= 0 && found < 0; at--) {
        if (s.p[at] != needle.p[0]) continue;
        if (!machine_step(m, 1 + needle.n / STEP_BYTES)) return false;
        if (str_eq(str_slice(s, at, at + needle.n), needle)) found = at;
    }
    return push_position(m, s, found);
}

/* FHIRPath 3.0: an empty start gives empty, an empty length means to the end, a start outside of
 * the text gives empty, a length of zero or less the empty string. */
bool call_substring(machine *m, call *c) {
    if (c->n == 0 || c->arg_n[0] == 0) return true;
    str s = input(c);
    int64_t start = c->args_v[0].it.integer;
    if (start < 0 || start >= text_length(s)) return true;
    str rest = str_slice(s, text_offset(s, (isize)start), s.n);
    if (c->args < 2 || c->arg_n[1] == 0) return push_string(m, rest);
    int64_t n = c->args_v[1].it.integer;
    if (n <= 0) return push_string(m, S(""));
    return push_string(m, str_slice(rest, 0, text_offset(rest, n < rest.n ? (isize)n : rest.n)));
}

bool call_startsWith(machine *m, call *c) {
    return push_boolean(m, str_starts(input(c), argument(c, 0)));
}
bool call_endsWith(machine *m, call *c) {
    return push_boolean(m, str_ends(input(c), argument(c, 0)));
}
bool call_contains(machine *m, call *c) {
    return push_boolean(m, str_find(input(c), argument(c, 0), 0) >= 0);
}
bool call_length(machine *m, call *c) { return push_integer(m, text_length(input(c))); }

static bool push_mapped(machine *m, str s, uint32_t (*map)(uint32_t)) {
    char *out = arena_new(m->run->arena, char, s.n * 2 + 4);
    isize n = 0;
    for (isize at = 0; at < s.n;) n += text_put(out + n, map(text_next(s, &at)));
    return push_string(m, (str){out, n});
}

bool call_upper(machine *m, call *c) { return push_mapped(m, input(c), text_upper); }
bool call_lower(machine *m, call *c) { return push_mapped(m, input(c), text_lower); }

bool call_toChars(machine *m, call *c) {
    str s = input(c);
    for (isize at = 0; at < s.n;) {
        isize from = at;
        text_next(s, &at);
        if (!push_string(m, str_slice(s, from, at))) return false;
    }
    return true;
}

bool call_trim(machine *m, call *c) {
    str s = input(c);
    isize first = -1, last = 0;
    for (isize at = 0; at < s.n;) {
        isize from = at;
        if (text_is_space(text_next(s, &at))) continue;
        if (first < 0) first = from;
        last = at;
    }
    return push_string(m, first < 0 ? S("") : str_slice(s, first, last));
}

/* Appends with the limit of a string. False after machine_limit. */
static bool append(machine *m, buf *out, str text) {
    if (out->n + text.n > LIMIT_STRING_BYTES) return machine_limit(m, "bytes of a string");
    buf_add(out, text);
    return true;
}

static buf text_buf(machine *m) {
    return buf_new(m->run->arena, LIMIT_STRING_BYTES, "a string of an expression");
}

bool call_replace(machine *m, call *c) {
    str s = input(c), pattern = argument(c, 0), with = argument(c, 1);
    buf out = text_buf(m);
    for (isize at = 0; at <= s.n;) {
        isize found = pattern.n > 0 ? str_find(s, pattern, at) : at;
        if (pattern.n == 0) { /* FHIRPath: an empty pattern surrounds every character */
            isize from = at;
            if (!append(m, &out, with)) return false;
            if (at == s.n) break;
            text_next(s, &at);
            if (!append(m, &out, str_slice(s, from, at))) return false;
            continue;
        }
        if (!append(m, &out, str_slice(s, at, found < 0 ? s.n : found))) return false;
        if (found < 0) break;
        if (!append(m, &out, with)) return false;
        at = found + pattern.n;
    }
    return push_string(m, buf_str(&out));
}

bool call_split(machine *m, call *c) {
    str s = input(c), separator = argument(c, 0);
    if (separator.n == 0) return call_toChars(m, c);
    for (isize at = 0;;) {
        isize found = str_find(s, separator, at);
        if (!push_string(m, str_slice(s, at, found < 0 ? s.n : found))) return false;
        if (found < 0) return true;
        at = found + separator.n;
    }
}

/* FHIRPath 3.0: an empty input gives empty (SQL on FHIR: null), not the empty string. */
bool call_join(machine *m, call *c) {
    buf out = text_buf(m);
    bool any = false;
    for (isize i = 0; i < c->n; i++) {
        value v;
        if (!value_load(m, m->stack[c->in + i], &v)) continue;
        if (v.it.kind != ITEM_STRING) return machine_fail(m, "join() needs Strings only");
        if (any && c->args > 0 && !append(m, &out, argument(c, 0))) return false;
        if (!append(m, &out, v.it.text)) return false;
        any = true;
    }
    return !any || push_string(m, buf_str(&out));
}
