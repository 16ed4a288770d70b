/* SPDX-License-Identifier: Apache-2.0 */
/* UCUM codes to exact units: the grammar of section 2.3 (term, component, annotatable, exponent),
 * read from left to right, and the table of atoms, whose definitions are themselves codes. */
#include "fhir/quantity.h"

#include <string.h>

typedef unsigned __int128 wide;

typedef enum atom_kind { BASE, DERIVED, AFFINE, OWN, SPECIAL } atom_kind;

typedef struct atom {
    const char *code;
    const char *definition;
    uint64_t number;
    int16_t exp10;
    uint8_t kind;
    bool metric;
} atom;

static const atom atoms[] = {
#define UNIT(code, kind, metric, number, exp10, definition)                                        \
    {code, definition, number, exp10, kind, metric},
#include "fhir/units.def"
#undef UNIT
};

typedef struct prefix {
    char code[3];
    int8_t exp10;
    int8_t exp2;
} prefix;

static const prefix prefixes[] = {
    {"da", 1, 0}, {"Ki", 0, 10}, {"Mi", 0, 20}, {"Gi", 0, 30}, {"Ti", 0, 40}, {"Y", 24, 0},
    {"Z", 21, 0}, {"E", 18, 0},  {"P", 15, 0},  {"T", 12, 0},  {"G", 9, 0},   {"M", 6, 0},
    {"k", 3, 0},  {"h", 2, 0},   {"d", -1, 0},  {"c", -2, 0},  {"m", -3, 0},  {"u", -6, 0},
    {"n", -9, 0}, {"p", -12, 0}, {"f", -15, 0}, {"a", -18, 0}, {"z", -21, 0}, {"y", -24, 0},
};

static const unit one = {.num = 1, .den = 1};

/* --- exact factors --- */

static uint64_t gcd(uint64_t a, uint64_t b) {
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* a * b into *out once both are free of the other's counterpart. */
static bool product(uint64_t a, uint64_t b, uint64_t *out) {
    return !__builtin_mul_overflow(a, b, out);
}

static bool add_exp10(unit *u, int more) {
    int sum = u->exp10 + more;
    u->exp10 = (int16_t)sum;
    return sum > -1000 && sum < 1000;
}

/* u *= num / den * 10^exp10 */
static bool scale(unit *u, uint64_t num, uint64_t den, int exp10) {
    for (; num % 10 == 0; num /= 10) exp10++;
    for (; den % 10 == 0; den /= 10) exp10--;
    uint64_t across = gcd(num, u->den);
    num /= across;
    u->den /= across;
    across = gcd(u->num, den);
    u->num /= across;
    den /= across;
    if (!product(u->num, num, &u->num) || !product(u->den, den, &u->den)) return false;
    for (; u->num % 10 == 0; u->num /= 10) exp10++;
    for (; u->den % 10 == 0; u->den /= 10) exp10--;
    return add_exp10(u, exp10);
}

static bool add_exponent(int8_t *exponent, int more) {
    int sum = *exponent + more;
    *exponent = (int8_t)sum;
    return sum >= -127 && sum <= 127;
}

/* Adds an arbitrary unit to the sorted few. */
static bool add_own(unit *u, int16_t which, int exponent) {
    int at = 0;
    while (at < UNIT_OWN_MOST && u->own_exponent[at] != 0 && u->own_atom[at] < which) at++;
    if (at == UNIT_OWN_MOST) return false;
    bool found = u->own_exponent[at] != 0 && u->own_atom[at] == which;
    if (found) {
        if (!add_exponent(&u->own_exponent[at], exponent)) return false;
        if (u->own_exponent[at] != 0) return true;
        for (int i = at; i < UNIT_OWN_MOST; i++) { /* cancelled: the rest moves up */
            bool last = i + 1 == UNIT_OWN_MOST;
            u->own_exponent[i] = last ? 0 : u->own_exponent[i + 1];
            u->own_atom[i] = last ? 0 : u->own_atom[i + 1];
        }
        return true;
    }
    if (u->own_exponent[UNIT_OWN_MOST - 1] != 0) return false;
    for (int i = UNIT_OWN_MOST - 1; i > at; i--) {
        u->own_exponent[i] = u->own_exponent[i - 1];
        u->own_atom[i] = u->own_atom[i - 1];
    }
    u->own_exponent[at] = (int8_t)exponent;
    u->own_atom[at] = which;
    return true;
}

/* u *= factor^exponent */
static bool multiply(unit *u, const unit *factor, int exponent) {
    int times = exponent < 0 ? -exponent : exponent;
    bool inverse = exponent < 0;
    if (factor->num != 1 || factor->den != 1) {
        for (int i = 0; i < times; i++) {
            if (!scale(u, inverse ? factor->den : factor->num, inverse ? factor->num : factor->den,
                       0)) {
                return false;
            }
        }
    }
    if (!add_exp10(u, factor->exp10 * exponent)) return false;
    for (int i = 0; i < UNIT_DIMENSIONS; i++) {
        if (!add_exponent(&u->dim[i], factor->dim[i] * exponent)) return false;
    }
    for (int i = 0; i < UNIT_OWN_MOST && factor->own_exponent[i] != 0; i++) {
        if (exponent != 0 && !add_own(u, factor->own_atom[i], factor->own_exponent[i] * exponent)) {
            return false;
        }
    }
    return true;
}

/* --- atoms --- */

static const atom *find_atom(str code) {
    isize low = 0;
    isize high = COUNT_OF(atoms);
    while (low < high) {
        isize middle = low + (high - low) / 2;
        int order = str_compare(str_from(atoms[middle].code), code);
        if (order == 0) return &atoms[middle];
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/* Finds [prefix]atom; an atom's own name comes first, as in cd and min. */
static const atom *find_symbol(str symbol, const prefix **with) {
    *with = NULL;
    const atom *found = find_atom(symbol);
    for (isize i = 0; !found && i < COUNT_OF(prefixes); i++) {
        str code = str_from(prefixes[i].code);
        if (symbol.n <= code.n || !str_starts(symbol, code)) continue;
        found = find_atom(str_slice(symbol, code.n, symbol.n));
        if (found && !found->metric) found = NULL;
        *with = &prefixes[i];
    }
    return found;
}

static bool define(const atom *a, unit *out) {
    *out = one;
    switch ((atom_kind)a->kind) {
    case BASE: out->dim[a->number] = 1; return true;
    case SPECIAL: out->special = true; return add_own(out, (int16_t)(a - atoms), 1);
    case OWN: return add_own(out, (int16_t)(a - atoms), 1);
    case DERIVED:
        return unit_parse(str_from(a->definition), out, NULL) && scale(out, a->number, 1, a->exp10);
    case AFFINE:
        if (!unit_parse(str_from(a->definition), out, NULL)) return false;
        out->affine = true;
        out->offset = (decimal){.coef = (__int128)a->number, .scale = -a->exp10};
        return true;
    }
    return false;
}

/* A prefix multiplies an affine unit's step, so in its own steps the offset grows the other way. */
static bool apply_prefix(unit *u, const prefix *p) {
    if (u->affine) {
        for (int i = p->exp10; i < 0; i++) u->offset.coef *= 10;
        for (int i = 0; i < p->exp10; i++) u->offset.scale++;
    }
    return scale(u, UINT64_C(1) << p->exp2, 1, p->exp10);
}

/* --- the grammar --- */

typedef struct scan {
    str text;
    isize at;
    int depth;
} scan;

static char peek(const scan *s) { return s->at < s->text.n ? s->text.p[s->at] : '\0'; }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool take_term(scan *s, unit *out);

static bool take_digits(scan *s, uint64_t *out) {
    uint64_t n = 0;
    isize first = s->at;
    for (; is_digit(peek(s)); s->at++) {
        if (n > (UINT64_MAX - 9) / 10) return false;
        n = n * 10 + (uint64_t)(peek(s) - '0');
    }
    *out = n;
    return s->at > first;
}

/* [+-]digits, or nothing, which is 1. */
static bool take_exponent(scan *s, int *out) {
    *out = 1;
    char c = peek(s);
    if (c != '+' && c != '-' && !is_digit(c)) return true;
    if (c == '+' || c == '-') s->at++;
    uint64_t n;
    if (!take_digits(s, &n) || n > 99) return false;
    *out = c == '-' ? -(int)n : (int)n;
    return true;
}

/* {annotation}: printable ASCII without braces. UCUM has no blanks in it, published FHIR value sets
 * do. */
static bool take_annotation(scan *s) {
    for (s->at++; peek(s) != '}'; s->at++) {
        char c = peek(s);
        if (c < ' ' || c > '~' || c == '{') return false;
    }
    s->at++;
    return true;
}

/* What stands in [brackets] is opaque; outside, the first of these ends a symbol. */
static str take_symbol(scan *s) {
    isize first = s->at;
    if (str_starts(str_slice(s->text, first, s->text.n), S("10*")) ||
        str_starts(str_slice(s->text, first, s->text.n), S("10^"))) {
        s->at += 3;
        return str_slice(s->text, first, s->at);
    }
    bool inside = false;
    for (; s->at < s->text.n; s->at++) {
        char c = peek(s);
        if (c == '[') inside = true;
        if (c == ']') inside = false;
        if (!inside && (is_digit(c) || strchr("./(){}+-", c))) break;
    }
    return str_slice(s->text, first, s->at);
}

static bool take_atom(scan *s, unit *out) {
    isize first = s->at;
    const prefix *with;
    const atom *found = find_symbol(take_symbol(s), &with);
    int exponent;
    unit base;
    if (!found || !define(found, &base) || (with && !apply_prefix(&base, with))) {
        s->at = first;
        return false;
    }
    if (!take_exponent(s, &exponent)) return false;
    if (exponent == 1) {
        *out = base;
        return true;
    }
    *out = one;
    return !base.affine && !base.special && multiply(out, &base, exponent);
}

static bool take_component(scan *s, unit *out) {
    char c = peek(s);
    *out = one;
    if (c == '(') {
        s->at++;
        if (s->depth++ > 16 || !take_term(s, out) || peek(s) != ')') return false;
        s->depth--;
        s->at++;
    } else if (c != '{') {
        str rest = str_slice(s->text, s->at, s->text.n);
        bool power = str_starts(rest, S("10*")) || str_starts(rest, S("10^"));
        uint64_t factor;
        if (is_digit(c) && !power) {
            if (!take_digits(s, &factor) || factor == 0 || !scale(out, factor, 1, 0)) return false;
        } else if (!take_atom(s, out)) {
            return false;
        }
    }
    return peek(s) != '{' || take_annotation(s);
}

/* component { ("." | "/") component }, with a leading "/" allowed. */
static bool take_term(scan *s, unit *out) {
    bool over = peek(s) == '/';
    if (over) s->at++;
    *out = one;
    for (bool first = true;; first = false) {
        unit part;
        isize before = s->at;
        if (!take_component(s, &part)) return false;
        bool last = peek(s) != '.' && peek(s) != '/';
        if (first && !over && last) {
            *out = part;
            return true;
        }
        if (part.affine || part.special || !multiply(out, &part, over ? -1 : 1)) {
            s->at = before;
            return false;
        }
        if (last) return true;
        over = peek(s) == '/';
        s->at++;
    }
}

bool unit_parse(str code, unit *out, isize *at) {
    scan s = {.text = code};
    bool ok = code.n > 0 && take_term(&s, out) && s.at == code.n;
    if (at) *at = s.at;
    return ok;
}
