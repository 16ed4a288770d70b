/* SPDX-License-Identifier: Apache-2.0 */
/* Which of two states of one resource is the newer (contracts.md, Identity: Order). */
#include "base/when.h"
#include "store/store.h"

/* Negative, 0 (not decided) or positive as a is before or after b. */
static int by_instant(str a, str b) {
    when wa, wb;
    int order = 0;
    if (!when_parse_datetime(a, &wa) || !when_parse_datetime(b, &wb)) return 0;
    return when_compare(wa, wb, &order) == TRI_TRUE ? order : 0;
}

static bool is_number(str s) {
    for (isize i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    }
    return s.n > 0;
}

/* Numeric versionIds of any length. */
static int by_version(str a, str b) {
    if (!is_number(a) || !is_number(b)) return 0;
    while (a.n > 1 && a.p[0] == '0') a = str_slice(a, 1, a.n);
    while (b.n > 1 && b.p[0] == '0') b = str_slice(b, 1, b.n);
    if (a.n != b.n) return a.n < b.n ? -1 : 1;
    return str_compare(a, b);
}

order_result store_order(const resource_head *head, str version, str updated, str content,
                         bool removal) {
    int order = by_instant(updated, head->updated);
    if (order == 0) order = by_version(version, head->version);
    bool equal = content.n > 0 && str_eq(content, head->content);

    if (removal) {
        if (order < 0) return ORDER_OLDER;
        return head->removed && order == 0 ? ORDER_SAME : ORDER_NEWER;
    }
    if (head->removed) {
        /* A removal keeps the order of what it removed: that version restores nothing. */
        if (equal) return ORDER_OLDER;
        if (order != 0) return order > 0 ? ORDER_NEWER : ORDER_OLDER;
        return str_eq(version, head->version) ? ORDER_OLDER : ORDER_NEWER;
    }
    if (equal) return ORDER_SAME;
    if (order != 0) return order > 0 ? ORDER_NEWER : ORDER_OLDER;
    bool unknown = content.n == 0 || head->content.n == 0;
    return unknown && version.n > 0 && str_eq(version, head->version) ? ORDER_SAME : ORDER_NEWER;
}
