/* SPDX-License-Identifier: Apache-2.0 */
/* The truth tables of FHIRPath N1, section 6.5, written out by hand: rows are the left side,
 * columns the right side, both in the order true, false, empty. */
#include "unit.h"

#include "base/tri.h"

#define T TRI_TRUE
#define F TRI_FALSE
#define E TRI_UNKNOWN

static const tri values[3] = {T, F, E};

static void compare(tri (*op)(tri, tri), const tri table[3][3]) {
    for (int left = 0; left < 3; left++)
        for (int right = 0; right < 3; right++)
            CHECK_INT(op(values[left], values[right]), table[left][right]);
}

static void and_is_table_6_5_1(void) {
    static const tri table[3][3] = {{T, F, E}, {F, F, F}, {E, F, E}};
    compare(tri_and, table);
}

static void or_is_table_6_5_2(void) {
    static const tri table[3][3] = {{T, T, T}, {T, F, E}, {T, E, E}};
    compare(tri_or, table);
}

static void not_keeps_unknown(void) {
    CHECK_INT(tri_not(T), F);
    CHECK_INT(tri_not(F), T);
    CHECK_INT(tri_not(E), E);
}

static void xor_is_table_6_5_4(void) {
    static const tri table[3][3] = {{F, T, E}, {T, F, E}, {E, E, E}};
    compare(tri_xor, table);
}

static void implies_is_table_6_5_5(void) {
    static const tri table[3][3] = {{T, F, E}, {T, T, T}, {T, E, E}};
    compare(tri_implies, table);
}

static void a_bool_is_never_unknown(void) {
    CHECK_INT(tri_of(true), T);
    CHECK_INT(tri_of(false), F);
}

const unit_test base_tri_suite[] = {
    UNIT_TEST(and_is_table_6_5_1),
    UNIT_TEST(or_is_table_6_5_2),
    UNIT_TEST(not_keeps_unknown),
    UNIT_TEST(xor_is_table_6_5_4),
    UNIT_TEST(implies_is_table_6_5_5),
    UNIT_TEST(a_bool_is_never_unknown),
    UNIT_END,
};
