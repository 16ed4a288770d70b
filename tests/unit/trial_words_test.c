/* SPDX-License-Identifier: Apache-2.0 */
/* The words of an expression: names outside of strings and comments. */
#include "trial/set.h"
#include "unit.h"

static char seen[512];

static void take(void *self, str name, bool percent) {
    (void)self;
    size_t n = strlen(seen);
    CHECK_OR_RETURN(n + (size_t)name.n + 3 < sizeof seen);
    if (percent) seen[n++] = '%';
    memcpy(seen + n, name.p, (size_t)name.n);
    seen[n + (size_t)name.n] = ' ';
    seen[n + (size_t)name.n + 1] = 0;
}

static void words(const char *expression, const char *expected) {
    seen[0] = 0;
    set_words(str_from(expression), take, NULL);
    CHECK_STR(seen, expected);
}

static void names_are_seen(void) {
    words("obs.where(score > %least)", "obs where score %least ");
    words("%`least`.exists()", "%least exists ");
    words("a1_b + _c", "a1_b _c ");
    words("@2025-01-01T00:00:00Z", "T00 Z "); /* too many is safe */
}

static void strings_are_not(void) {
    words("a = 'obs \\' score' and b", "a and b ");
    words("'unfinished", "");
    words("'ends with \\", "");
}

static void comments_are_not(void) {
    words("a // obs\nb", "a b ");
    words("a /* obs */ b", "a b ");
    words("a /* open", "a ");
    words("a / b", "a b ");
}

static void masks_join_and_meet(void) {
    view_mask a = {{0}}, b = {{0}};
    mask_add(&a, 3);
    mask_add(&b, VIEW_MOST - 1);
    CHECK(mask_has(&a, 3) && !mask_has(&a, 4) && !mask_meets(&a, &b));
    mask_join(&a, &b);
    CHECK(mask_has(&a, VIEW_MOST - 1) && mask_meets(&a, &b));
}

const unit_test trial_words_suite[] = {UNIT_TEST(names_are_seen), UNIT_TEST(strings_are_not),
                                       UNIT_TEST(comments_are_not), UNIT_TEST(masks_join_and_meet),
                                       UNIT_END};
