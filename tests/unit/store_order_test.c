/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a resource's states, rule by rule (contracts.md, Identity). */
#include "unit.h"

#include "store/store.h"

typedef struct row {
    const char *what;
    resource_head head;
    const char *version, *updated, *content;
    bool removal;
    order_result expected;
} row;

#define HEAD(v, u, c, r)                                                                           \
    { .version = S(v), .updated = S(u), .content = S(c), .removed = (r) }

static const row rows[] = {
    {"later lastUpdated", HEAD("2", "2025-01-01T00:00:00Z", "x", false), "1",
     "2025-01-01T00:00:01Z", "y", false, ORDER_NEWER},
    {"earlier lastUpdated, higher version", HEAD("1", "2025-01-01T00:00:01Z", "x", false), "2",
     "2025-01-01T00:00:00Z", "y", false, ORDER_OLDER},
    {"zones count", HEAD("", "2025-01-01T00:00:00+01:00", "x", false), "", "2024-12-31T23:30:00Z",
     "y", false, ORDER_NEWER},
    {"same instant, higher version", HEAD("9", "2025-01-01T00:00:00Z", "x", false), "10",
     "2025-01-01T01:00:00+01:00", "y", false, ORDER_NEWER},
    {"lastUpdated on one side only: versions decide", HEAD("3", "", "x", false), "2",
     "2025-01-01T00:00:00Z", "y", false, ORDER_OLDER},
    {"numeric versions of any length", HEAD("99999999999999999999998", "", "x", false),
     "099999999999999999999999", "", "y", false, ORDER_NEWER},
    {"versions that are no numbers: arrival", HEAD("b", "", "x", false), "a", "", "y", false,
     ORDER_NEWER},
    {"a version on one side only: arrival", HEAD("7", "", "x", false), "sha256:aa", "", "y", false,
     ORDER_NEWER},
    {"equal version and date, other content: arrival",
     HEAD("1", "2025-01-01T00:00:00Z", "x", false), "1", "2025-01-01T00:00:00Z", "y", false,
     ORDER_NEWER},
    {"equal content", HEAD("1", "", "x", false), "1", "", "x", false, ORDER_SAME},
    {"undated A after B", HEAD("sha256:bb", "", "b", false), "sha256:aa", "", "a", false,
     ORDER_NEWER},
    {"content unknown, equal version", HEAD("1", "", "", false), "1", "", "", false, ORDER_SAME},
    /* removals */
    {"a DELETE has no order: arrival", HEAD("5", "2025-01-01T00:00:00Z", "x", false), "", "", "",
     true, ORDER_NEWER},
    {"a second DELETE", HEAD("5", "2025-01-01T00:00:00Z", "", true), "", "", "", true, ORDER_SAME},
    {"an old entered-in-error", HEAD("5", "2025-01-01T00:00:00Z", "x", false), "4",
     "2024-01-01T00:00:00Z", "", true, ORDER_OLDER},
    {"a later removal moves the tombstone", HEAD("5", "2025-01-01T00:00:00Z", "", true), "6",
     "2025-02-01T00:00:00Z", "", true, ORDER_NEWER},
    {"what was removed restores nothing", HEAD("5", "2025-01-01T00:00:00Z", "", true), "5",
     "2025-01-01T00:00:00Z", "x", false, ORDER_OLDER},
    {"older than what was removed", HEAD("5", "2025-01-01T00:00:00Z", "", true), "4",
     "2024-01-01T00:00:00Z", "w", false, ORDER_OLDER},
    {"newer than what was removed", HEAD("5", "2025-01-01T00:00:00Z", "", true), "6",
     "2025-01-02T00:00:00Z", "z", false, ORDER_NEWER},
    {"undated, what was removed", HEAD("sha256:aa", "", "", true), "sha256:aa", "", "a", false,
     ORDER_OLDER},
    {"undated, what a dated removal removed", HEAD("2", "", "a", true), "sha256:aa", "", "a", false,
     ORDER_OLDER},
    {"undated, something else", HEAD("sha256:aa", "", "", true), "sha256:bb", "", "b", false,
     ORDER_NEWER},
};

static void every_rule(void) {
    for (isize i = 0; i < COUNT_OF(rows); i++) {
        const row *r = &rows[i];
        order_result got = store_order(&r->head, str_from(r->version), str_from(r->updated),
                                       str_from(r->content), r->removal);
        CHECK_MSG(got == r->expected, "%s: %d", r->what, got);
    }
}

const unit_test store_order_suite[] = {UNIT_TEST(every_rule), UNIT_END};
