/* SPDX-License-Identifier: Apache-2.0 */
/* text.c: UTF-8 by code points and simple case. */
#include "path/text.h"

static bool continues(char c) { return ((unsigned char)c & 0xC0) == 0x80; }

isize text_length(str s) {
    isize n = 0;
    for (isize i = 0; i < s.n; i++) n += !continues(s.p[i]);
    return n;
}

isize text_offset(str s, isize n) {
    isize i = 0;
    while (i < s.n && n-- > 0) {
        i++;
        while (i < s.n && continues(s.p[i])) i++;
    }
    return i;
}

bool text_is_utf8(str s) {
    for (isize i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i++];
        int more = c < 0x80                ? 0
                   : c >= 0xC2 && c < 0xE0 ? 1
                   : c >= 0xE0 && c < 0xF0 ? 2
                   : c >= 0xF0 && c < 0xF5 ? 3
                                           : -1;
        if (more < 0 || i + more > s.n) return false;
        if (more > 0) {
            unsigned char d = (unsigned char)s.p[i];
            if ((c == 0xE0 && d < 0xA0) || (c == 0xED && d > 0x9F) || (c == 0xF0 && d < 0x90) ||
                (c == 0xF4 && d > 0x8F))
                return false;
        }
        for (; more > 0; more--)
            if (((unsigned char)s.p[i++] & 0xC0) != 0x80) return false;
    }
    return true;
}

uint32_t text_next(str s, isize *at) {
    unsigned char c = (unsigned char)s.p[(*at)++];
    if (c < 0x80) return c;
    uint32_t code = c >= 0xF0 ? c & 0x07u : c >= 0xE0 ? c & 0x0Fu : c & 0x1Fu;
    while (*at < s.n && continues(s.p[*at]))
        code = code << 6 | ((unsigned char)s.p[(*at)++] & 0x3Fu);
    return code;
}

isize text_put(char *out, uint32_t c) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | (c >> 6));
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | (c >> 12));
        out[1] = (char)(0x80 | ((c >> 6) & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | ((c >> 18) & 0x07));
    out[1] = (char)(0x80 | ((c >> 12) & 0x3F));
    out[2] = (char)(0x80 | ((c >> 6) & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* Ranges of capitals (Unicode simple case mapping). Step 1: the small letter is `offset` further.
 * Step 2: capitals and small letters alternate, a capital at `first`. */
typedef struct case_range {
    uint32_t first, last;
    int32_t offset;
    int step;
} case_range;

static const case_range cases[] = {
    {'A', 'Z', 32, 1},     {0xC0, 0xD6, 32, 1},    {0xD8, 0xDE, 32, 1},    {0x100, 0x12F, 1, 2},
    {0x132, 0x137, 1, 2},  {0x139, 0x148, 1, 2},   {0x14A, 0x177, 1, 2},   {0x179, 0x17E, 1, 2},
    {0x1CD, 0x1DC, 1, 2},  {0x1DE, 0x1EF, 1, 2},   {0x1F8, 0x21F, 1, 2},   {0x222, 0x233, 1, 2},
    {0x388, 0x38A, 37, 1}, {0x391, 0x3A1, 32, 1},  {0x3A3, 0x3AB, 32, 1},  {0x400, 0x40F, 80, 1},
    {0x410, 0x42F, 32, 1}, {0x460, 0x481, 1, 2},   {0x48A, 0x4BF, 1, 2},   {0x4D0, 0x52F, 1, 2},
    {0x531, 0x556, 48, 1}, {0x1E00, 0x1E95, 1, 2}, {0x1EA0, 0x1EFF, 1, 2}, {0x178, 0x178, -121, 1},
    {0x386, 0x386, 38, 1}, {0x38C, 0x38C, 64, 1},  {0x38E, 0x38F, 63, 1},
};

uint32_t text_lower(uint32_t c) {
    if (c < 'A') return c;
    for (isize i = 0; i < COUNT_OF(cases); i++) {
        const case_range *r = &cases[i];
        if (c < r->first || c > r->last) continue;
        if (r->step == 2) return (c - r->first) % 2 == 0 ? c + 1 : c;
        return (uint32_t)((int32_t)c + r->offset);
    }
    return c;
}

uint32_t text_upper(uint32_t c) {
    if (c < 'a') return c;
    if (c == 0x3C2) return 0x3A3; /* final sigma */
    for (isize i = 0; i < COUNT_OF(cases); i++) {
        const case_range *r = &cases[i];
        if (r->step == 2) {
            if (c >= r->first && c <= r->last) return (c - r->first) % 2 == 1 ? c - 1 : c;
        } else if ((int32_t)c - r->offset >= (int32_t)r->first &&
                   (int32_t)c - r->offset <= (int32_t)r->last) {
            return (uint32_t)((int32_t)c - r->offset);
        }
    }
    return c;
}

bool text_is_space(uint32_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

static uint32_t folded(uint32_t c) {
    if (text_is_space(c)) return ' ';
    return c == 0x3C2 ? 0x3C3 : text_lower(c);
}

bool text_equivalent(str a, str b) {
    isize i = 0, j = 0;
    while (i < a.n && j < b.n)
        if (folded(text_next(a, &i)) != folded(text_next(b, &j))) return false;
    return i == a.n && j == b.n;
}
