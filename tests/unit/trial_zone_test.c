/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets of a zone: Berlin's two changes of 2025 (30 March and 26 October, 01:00 UTC). */
#include "unit.h"

#include "trial/trial.h"

static const zone_rule berlin[] = {{1729987200, 60}, {1743296400, 120}, {1761440400, 60}};
static const zone_table zone = {S_INIT("Europe/Berlin"), berlin, COUNT_OF(berlin)};

static void the_rule_in_force_counts(void) {
    CHECK_INT(zone_minutes(&zone, 1743296399), 60);
    CHECK_INT(zone_minutes(&zone, 1743296400), 120);
    CHECK_INT(zone_minutes(&zone, 1761440399), 120);
    CHECK_INT(zone_minutes(&zone, 1761440400), 60);
    CHECK_INT(zone_minutes(&zone, 4102444800), 60);
}

static void before_the_first_rule_it_counts_too(void) { CHECK_INT(zone_minutes(&zone, 0), 60); }

static void no_table_is_utc(void) {
    static const zone_table empty = {0};
    CHECK_INT(zone_minutes(NULL, 1743296400), 0);
    CHECK_INT(zone_minutes(&empty, 1743296400), 0);
}

const unit_test trial_zone_suite[] = {UNIT_TEST(the_rule_in_force_counts),
                                      UNIT_TEST(before_the_first_rule_it_counts_too),
                                      UNIT_TEST(no_table_is_utc), UNIT_END};
