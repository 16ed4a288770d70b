/* SPDX-License-Identifier: Apache-2.0 */
/* regex.c: the one place with PCRE2. A compiled pattern lives in a region cut from an arena, so
 * that nothing needs freeing; the data of a plain match is PCRE2's own and freed before anything
 * can jump. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "path/regex.h"
#include <pcre2.h>
#include <string.h>

struct regex {
    const pcre2_code *code;
};

/* Memory that PCRE2 takes while it compiles; full means NULL, never a jump. */
typedef struct region {
    char *at, *end;
} region;

enum { REGION = 128 << 10, PATTERN_BYTES = 4096, HEAP_KIB = 4096 };

static void *region_take(PCRE2_SIZE size, void *self) {
    region *r = self;
    isize n = (isize)((size + 15) & ~(PCRE2_SIZE)15);
    if (n > r->end - r->at) return NULL;
    char *p = r->at;
    r->at += n;
    return p;
}

static void region_drop(void *p, void *self) {
    (void)p;
    (void)self;
}

static bool flag_options(str flags, uint32_t *options) {
    for (isize i = 0; i < flags.n; i++) {
        if (flags.p[i] == 'i')
            *options |= PCRE2_CASELESS;
        else if (flags.p[i] == 'm')
            *options |= PCRE2_MULTILINE;
        else
            return false;
    }
    return true;
}

static str error_text(arena *arena, int code) {
    PCRE2_UCHAR text[160] = {0};
    pcre2_get_error_message(code, text, sizeof text);
    return arena_str(arena, str_from((const char *)text));
}

/* Compiles into a region of `size` bytes; *used says how many were needed. */
static const pcre2_code *compile_in(arena *arena, isize size, str pattern, uint32_t options,
                                    int *error, PCRE2_SIZE *where, isize *used) {
    region r = {.at = arena_new(arena, char, size)};
    char *start = r.at;
    r.end = r.at + size;
    *error = PCRE2_ERROR_NOMEMORY;
    *where = 0;
    pcre2_general_context *general = pcre2_general_context_create(region_take, region_drop, &r);
    pcre2_compile_context *context = general ? pcre2_compile_context_create(general) : NULL;
    if (!context) return NULL;
    const pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)pattern.p, (PCRE2_SIZE)pattern.n, options, error, where, context);
    *used = r.at - start;
    return code;
}

const regex *regex_compile(arena *arena, str pattern, str flags, str *why, isize *at) {
    uint32_t options = PCRE2_DOTALL | PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK |
                       PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT; /* count_step() */
    *at = 0;
    *why = S("the flags are i (ignore case) and m (multiple lines)");
    if (!flag_options(flags, &options)) return NULL;
    *why = S("limit: a pattern has at most 4096 bytes");
    if (pattern.n > PATTERN_BYTES) return NULL;
    if (pattern.n == 0) pattern = S("");
    regex *out = arena_new(arena, regex, 1);
    arena_mark mark = arena_here(arena);
    int error;
    PCRE2_SIZE where;
    isize used = 0;
    const pcre2_code *code = compile_in(arena, REGION, pattern, options, &error, &where, &used);
    arena_rewind(arena, mark);
    /* Once more into as little as it takes: a program keeps its patterns for good. */
    if (code) code = compile_in(arena, used, pattern, options, &error, &where, &used);
    if (!code) {
        *why = error_text(arena, error);
        *at = (isize)where;
        return NULL;
    }
    out->code = code;
    return out;
}

typedef struct matching {
    pcre2_general_context *general;
    pcre2_match_data *data;
    pcre2_match_context *context;
    int64_t *steps;
    PCRE2_SIZE last; /* where in the text the step before was */
} matching;

/* PCRE2's own match limit counts from each place of the text anew, so that a long text multiplies
 * it. It calls this before each item of the pattern. */
static int count_step(pcre2_callout_block *block, void *self) {
    matching *m = self;
    PCRE2_SIZE at = block->current_position;
    PCRE2_SIZE passed = at > m->last ? at - m->last : m->last - at;
    m->last = at;
    *m->steps -= 1 + (int64_t)(passed >> 4);
    return *m->steps < 0 ? PCRE2_ERROR_CALLOUT : 0;
}

/* Nothing between begin_match and end_match may raise: this memory is PCRE2's own. */
static bool begin_match(const regex *r, int64_t *steps, matching *m) {
    m->steps = steps;
    m->last = 0;
    m->general = pcre2_general_context_create(NULL, NULL, NULL);
    m->data = m->general ? pcre2_match_data_create_from_pattern(r->code, m->general) : NULL;
    m->context = m->general ? pcre2_match_context_create(m->general) : NULL;
    if (!m->data || !m->context) return false;
    pcre2_set_match_limit(m->context, LIMIT_REGEX_MATCH);
    pcre2_set_depth_limit(m->context, LIMIT_REGEX_DEPTH);
    pcre2_set_heap_limit(m->context, HEAP_KIB);
    pcre2_set_callout(m->context, count_step, m);
    return true;
}

static void end_match(matching *m) {
    pcre2_match_data_free(m->data);
    pcre2_match_context_free(m->context);
    pcre2_general_context_free(m->general);
}

/* One match from byte `at`; >= 0 found, PCRE2_ERROR_NOMATCH, or another error. */
static int match_from(const regex *r, matching *m, str text, isize at, uint32_t options) {
    return pcre2_match(r->code, (PCRE2_SPTR)(text.p ? text.p : ""), (PCRE2_SIZE)text.n,
                       (PCRE2_SIZE)at, options | PCRE2_NO_UTF_CHECK, m->data, m->context);
}

static regex_status status_of(int code) {
    if (code >= 0 || code == PCRE2_ERROR_NOMATCH) return REGEX_OK;
    return code == PCRE2_ERROR_CALLOUT ? REGEX_STEPS : REGEX_MATCH_LIMIT;
}

regex_status regex_match(const regex *r, str text, bool full, int64_t *steps, bool *found) {
    matching m;
    int code = PCRE2_ERROR_NOMEMORY;
    if (begin_match(r, steps, &m))
        code = match_from(r, &m, text, 0, full ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0);
    end_match(&m);
    *found = code >= 0;
    return status_of(code);
}

/* --- replacing: once to count, once to write --- */
typedef struct sink {
    char *p; /* NULL while counting */
    isize n;
} sink;

static void add(sink *to, str text) {
    if (to->p && text.n > 0) memcpy(to->p + to->n, text.p, (size_t)text.n);
    to->n += text.n;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* The number of a group by its digits or its name, or -1. */
static int group_number(const regex *r, str name) {
    int number = 0;
    bool digits = name.n > 0 && name.n < 4;
    for (isize i = 0; i < name.n && digits; i++) {
        digits = is_digit(name.p[i]);
        number = number * 10 + (name.p[i] - '0');
    }
    if (digits) return number;
    char text[64];
    if (name.n == 0 || name.n >= (isize)sizeof text) return -1;
    memcpy(text, name.p, (size_t)name.n);
    text[name.n] = 0;
    return pcre2_substring_number_from_name(r->code, (PCRE2_SPTR)text);
}

static void add_group(const matching *m, int code, int number, str text, sink *out) {
    if (number < 0 || number >= code) return;
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(m->data);
    if (v[2 * number] == PCRE2_UNSET) return;
    add(out, str_slice(text, (isize)v[2 * number], (isize)v[2 * number + 1]));
}

/* The part of a substitution from the $ or \ at `at`: how many bytes of it were a reference. */
static isize add_reference(const regex *r, const matching *m, int code, str text, str with,
                           isize at, sink *out) {
    str rest = str_slice(with, at + 1, with.n);
    if (rest.n > 0 && is_digit(rest.p[0])) {
        add_group(m, code, rest.p[0] - '0', text, out);
        return 2;
    }
    bool named = with.p[at] == '$' && rest.n > 0 && rest.p[0] == '{';
    isize close = named ? str_find_byte(rest, '}', 1) : -1;
    if (close > 0) {
        add_group(m, code, group_number(r, str_slice(rest, 1, close)), text, out);
        return close + 2;
    }
    add(out, str_slice(with, at, at + 1));
    if (with.p[at] == '\\') return 1;
    return rest.n > 0 && rest.p[0] == '$' ? 2 : 1;
}

static void add_substitution(const regex *r, const matching *m, int code, str text, str with,
                             sink *out) {
    for (isize i = 0; i < with.n;) {
        isize mark = i;
        while (mark < with.n && with.p[mark] != '$' && with.p[mark] != '\\') mark++;
        add(out, str_slice(with, i, mark));
        if (mark == with.n) break;
        i = mark + add_reference(r, m, code, text, with, mark, out);
    }
}

static regex_status replace_into(const regex *r, str text, str substitution, int64_t *steps,
                                 sink *out) {
    matching m;
    isize done = 0;
    int code = PCRE2_ERROR_NOMEMORY;
    bool ready = begin_match(r, steps, &m);
    while (ready && out->n <= LIMIT_STRING_BYTES) {
        code = match_from(r, &m, text, done, PCRE2_NOTEMPTY);
        if (code < 0) break;
        const PCRE2_SIZE *v = pcre2_get_ovector_pointer(m.data);
        add(out, str_slice(text, done, (isize)v[0]));
        add_substitution(r, &m, code, text, substitution, out);
        done = (isize)v[1];
    }
    end_match(&m);
    add(out, str_slice(text, done, text.n));
    return code >= 0 ? REGEX_MATCH_LIMIT : status_of(code); /* >= 0: the result is too long */
}

regex_status regex_replace(const regex *r, arena *arena, str text, str substitution, int64_t *steps,
                           str *out) {
    sink to = {0};
    regex_status status = replace_into(r, text, substitution, steps, &to);
    if (status != REGEX_OK) return status;
    to.p = arena_new(arena, char, to.n + 1);
    to.n = 0;
    status = replace_into(r, text, substitution, steps, &to);
    *out = (str){to.p, to.n};
    return status;
}
