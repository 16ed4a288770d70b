/* SPDX-License-Identifier: Apache-2.0 */
/* Which variant is chosen. */
#include "fhir/vectors.h"

#include "unit.h"

static void what_works_is_chosen(void) {
    CHECK(vectors_work(VECTORS_NONE));
    CHECK(!vectors_work(VECTORS_BEST) && !vectors_work(VECTORS_COUNT));
    vectors best = vectors_choose(VECTORS_BEST);
    CHECK(vectors_work(best));
    for (int v = VECTORS_NONE; v < VECTORS_COUNT; v++) {
        bool works = vectors_work((vectors)v);
        CHECK_INT(vectors_choose((vectors)v), works ? v : (int)best);
        CHECK(!works || v <= (int)best);
    }
#if defined(__x86_64__)
    CHECK(vectors_work(VECTORS_SSE2) && !vectors_work(VECTORS_NEON));
#elif defined(__aarch64__)
    CHECK(vectors_work(VECTORS_NEON) && !vectors_work(VECTORS_SSE2));
#endif
}

static void names(void) {
    CHECK_STR(vectors_name(VECTORS_NONE), "none");
    CHECK_STR(vectors_name(VECTORS_NEON), "neon");
    CHECK_STR(vectors_name(VECTORS_COUNT), "unknown");
}

const unit_test fhir_vectors_suite[] = {UNIT_TEST(what_works_is_chosen), UNIT_TEST(names),
                                        UNIT_END};
