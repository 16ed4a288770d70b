/* SPDX-License-Identifier: Apache-2.0 */
/* Values of parameters by type. */
#include "trial/set.h"
#include "trial_kit.h"

static bool read(kit *k, const char *value, const char *type, item *out) {
    const json *root;
    fault fault = {0};
    CHECK(json_read(&k->arena, kit_text(k, value), &root, &fault));
    return parameter_value(&k->arena, root, str_from(type), out);
}

static void good_step(kit *k) {
    item it;
    CHECK(read(k, "{`value`:14,`unit`:`days`}", "Quantity", &it));
    CHECK_INT(it.kind, ITEM_QUANTITY);
    CHECK(it.quantity->calendar);
    CHECK_TEXT(it.quantity->unit, "days");
    CHECK(read(k, "{`unit`:`mo`,`value`:6.0}", "Quantity", &it));
    CHECK(!it.quantity->calendar);
    CHECK_INT(it.quantity->value.scale, 1);
    CHECK(read(k, "2.50", "decimal", &it));
    CHECK_INT(it.scale, 2);
    CHECK(read(k, "-3", "integer", &it));
    CHECK_INT(it.integer, -3);
    CHECK(read(k, "true", "boolean", &it) && it.boolean);
    CHECK(read(k, "`2025-03`", "date", &it));
    CHECK_INT(it.when->precision, WHEN_MONTH);
    CHECK(read(k, "`x`", "code", &it));
    CHECK_TEXT(it.text, "x");
}
static void values_are_read_by_their_type(void) { kit_run(good_step); }

static void bad_step(kit *k) {
    item it;
    CHECK(!read(k, "{`value`:14}", "Quantity", &it));
    CHECK(!read(k, "{`value`:`14`,`unit`:`days`}", "Quantity", &it));
    CHECK(!read(k, "{`value`:14,`unit`:``}", "Quantity", &it));
    CHECK(!read(k, "{`value`:14,`unit`:`days`,`code`:`d`}", "Quantity", &it));
    CHECK(!read(k, "14", "Quantity", &it));
    CHECK(!read(k, "{`value`:14,`unit`:`dayz`}", "Quantity", &it));
    CHECK(!read(k, "`2`", "decimal", &it));
    CHECK(!read(k, "2.0", "integer", &it));
    CHECK(!read(k, "2147483648", "integer", &it));
    CHECK(!read(k, "`true`", "boolean", &it));
    CHECK(!read(k, "`2025-02-30`", "date", &it));
    CHECK(!read(k, "1", "string", &it));
}
static void other_values_are_refused(void) { kit_run(bad_step); }

const unit_test trial_parameter_suite[] = {UNIT_TEST(values_are_read_by_their_type),
                                           UNIT_TEST(other_values_are_refused), UNIT_END};
