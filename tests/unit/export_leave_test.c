/* SPDX-License-Identifier: Apache-2.0 */
/* How a value leaves, and pseudonyms against HMACs worked out elsewhere. */
#include "export_kit.h"

static void pseudonym_step(kit *k) {
    if (!export_kit_load(k)) return;
    export_job of_study = export_kit_job(k, EXPORT_ODM), of_all = export_kit_job(k, EXPORT_CSV);
    CHECK_TEXT(export_subject_name(&of_study, &k->arena, S("ehr|p1")), NAME_IN_S1);
    CHECK_TEXT(export_subject_name(&of_all, &k->arena, S("ehr|p1")), NAME_AT_ALL);
}
static void a_subject_has_another_name_in_each_study(void) { kit_run(pseudonym_step); }

static str left(kit *k, leaving how, const char *text) {
    export_job job = export_kit_job(k, EXPORT_ODM);
    return leave_text(&job, &k->arena, how, S("ehr|p1"), str_from(text));
}

static void values_step(kit *k) {
    if (!export_kit_load(k)) return;
    CHECK_TEXT(left(k, LEAVE_PLAIN, "7.60"), "7.60");
    CHECK_TEXT(left(k, LEAVE_YEAR, "1950-05-06"), "1950");
    CHECK_TEXT(left(k, LEAVE_YEAR, "1950"), "1950");
    CHECK(!left(k, LEAVE_YEAR, "May 1950").p);
    CHECK(!left(k, LEAVE_YEAR, "50").p);
    CHECK_TEXT(left(k, LEAVE_KEY, "Observation/o1"), O1_IN_S1);
    CHECK_TEXT(left(k, LEAVE_NUMBER, "-7.60"), "-7.60");
    CHECK(!left(k, LEAVE_NUMBER, "7 says Ada").p);
    CHECK(!left(k, LEAVE_NOT, "x").p);
    CHECK(!left(k, LEAVE_PLAIN, NULL).p);
}
static void each_way_to_leave(void) { kit_run(values_step); }

static void owner_step(kit *k) {
    if (!export_kit_load(k)) return;
    export_job job = export_kit_job(k, EXPORT_ODM);
    str one = leave_text(&job, &k->arena, LEAVE_KEY, S("ehr|p1"), S("x")),
        other = leave_text(&job, &k->arena, LEAVE_KEY, S("ehr|p2"), S("x"));
    CHECK_TEXT(one, "725a3829-2cdb-83f2-b2f8-8bbce8c4f6b7");
    CHECK(!str_eq(one, other));
}
static void equal_ids_of_two_subjects_do_not_look_equal(void) { kit_run(owner_step); }

static bool no_hmac(str key, str data, uint8_t out[DIGEST_BYTES]) {
    (void)key, (void)data, (void)out;
    return false;
}

static void failing_step(kit *k) {
    static const digest broken = {.hmac_sha256 = no_hmac};
    if (!export_kit_load(k)) return;
    export_job job = export_kit_job(k, EXPORT_CSV);
    job.digest = &broken;
    export_subject_name(&job, &k->arena, S("ehr|p1"));
}
static void without_a_hash_nothing_leaves(void) {
    fault fault = {0};
    CHECK(!kit_run_within(256 << 20, failing_step, &fault));
    CHECK_INT(fault.code, FAULT_INTERNAL);
}

const unit_test export_leave_suite[] = {UNIT_TEST(a_subject_has_another_name_in_each_study),
                                        UNIT_TEST(each_way_to_leave),
                                        UNIT_TEST(equal_ids_of_two_subjects_do_not_look_equal),
                                        UNIT_TEST(without_a_hash_nothing_leaves), UNIT_END};
