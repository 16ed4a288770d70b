/* SPDX-License-Identifier: Apache-2.0 */
/* Text as (pointer, length): comparison, search and the edit distance behind "did you mean". */
#include "base/base.h"

#include <string.h>

str str_from(const char *text) {
    if (!text) return (str){0};
    return (str){text, (isize)strlen(text)};
}

bool str_eq(str a, str b) { return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, (size_t)a.n) == 0); }

int str_compare(str a, str b) {
    isize n = a.n < b.n ? a.n : b.n;
    int order = n > 0 ? memcmp(a.p, b.p, (size_t)n) : 0;
    if (order != 0) return order;
    return (a.n > b.n) - (a.n < b.n);
}

static char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

bool str_eq_ascii_case(str a, str b) {
    if (a.n != b.n) return false;
    for (isize i = 0; i < a.n; i++) {
        if (ascii_lower(a.p[i]) != ascii_lower(b.p[i])) return false;
    }
    return true;
}

bool str_starts(str s, str prefix) {
    return s.n >= prefix.n && str_eq((str){s.p, prefix.n}, prefix);
}

bool str_ends(str s, str suffix) {
    return s.n >= suffix.n &&
           (suffix.n == 0 || str_eq((str){s.p + (s.n - suffix.n), suffix.n}, suffix));
}

static isize clamp(isize value, isize low, isize high) {
    if (value < low) return low;
    return value > high ? high : value;
}

str str_slice(str s, isize from, isize to) {
    from = clamp(from, 0, s.n);
    to = clamp(to, from, s.n);
    if (!s.p) return (str){0};
    return (str){s.p + from, to - from};
}

isize str_find_byte(str s, char byte, isize from) {
    from = clamp(from, 0, s.n);
    if (from == s.n) return -1;
    const char *hit = memchr(s.p + from, byte, (size_t)(s.n - from));
    return hit ? hit - s.p : -1;
}

isize str_find(str s, str needle, isize from) {
    from = clamp(from, 0, s.n);
    if (needle.n == 0) return from;
    if (s.n - from < needle.n) return -1;
    const char *at = memmem(s.p + from, (size_t)(s.n - from), needle.p, (size_t)needle.n);
    return at ? at - s.p : -1;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

str str_trim(str s) {
    isize from = 0;
    isize to = s.n;
    while (from < to && is_blank(s.p[from])) from++;
    while (to > from && is_blank(s.p[to - 1])) to--;
    return str_slice(s, from, to);
}

uint64_t str_hash(str s) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (isize i = 0; i < s.n; i++) {
        hash ^= (uint8_t)s.p[i];
        hash *= 0x100000001b3u;
    }
    return hash;
}

enum { DISTANCE_MAX = 64 };

static int min3(int a, int b, int c) {
    int least = a < b ? a : b;
    return least < c ? least : c;
}

int str_distance(str a, str b, int most) {
    if (a.n > DISTANCE_MAX || b.n > DISTANCE_MAX) return most + 1;
    isize gap = a.n > b.n ? a.n - b.n : b.n - a.n;
    if (gap > most) return most + 1;

    /* Optimal string alignment: three rows of the table, because a swap looks two rows back. */
    int rows[3][DISTANCE_MAX + 1];
    for (isize j = 0; j <= b.n; j++) rows[0][j] = (int)j;
    for (isize i = 1; i <= a.n; i++) {
        int *now = rows[i % 3];
        const int *last = rows[(i + 2) % 3];
        const int *before = rows[(i + 1) % 3];
        now[0] = (int)i;
        for (isize j = 1; j <= b.n; j++) {
            int replace = last[j - 1] + (a.p[i - 1] != b.p[j - 1]);
            now[j] = min3(last[j] + 1, now[j - 1] + 1, replace);
            bool swapped = i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1];
            if (swapped && before[j - 2] + 1 < now[j]) now[j] = before[j - 2] + 1;
        }
    }
    int distance = rows[a.n % 3][b.n];
    return distance > most ? most + 1 : distance;
}
