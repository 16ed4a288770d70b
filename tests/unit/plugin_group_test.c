/* SPDX-License-Identifier: Apache-2.0 */
/* Which patients are one person (contracts.md, Identity): by a listed identifier system or by
 * Patient.link, never by name or birth date; and who of them stands for all. */
#include "plugin_kit.h"
#include "unit.h"

#include <stdio.h>

#define NUMBER(value)     ",`identifier`:[{`system`:`" PLUGIN_MRN "`,`value`:`" value "`}]"
#define LINK(other, type) ",`link`:[{`other`:{`reference`:`Patient/" other "`},`type`:`" type "`}]"

/* Whether the last message decided one person, who goes by `patient`. */
static void check_one(const plugin_kit *k, const char *patient) {
    CHECK_INT(plugin_count(k, "{`patient`:`Patient/"), 1);
    CHECK_TOLD(k, patient);
}

static void a_listed_identifier_makes_one_person(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "group-identifier", ""));
    plugin_patient(&k, "b", NUMBER("7"));
    plugin_patient(&k, "a", NUMBER("7"));
    check_one(&k, "{`patient`:`Patient/a`"); /* the least bytewise */
    plugin_observe(&k, "o", "b", "5", "score", "");
    check_one(&k, "{`patient`:`Patient/a`");
    CHECK_TOLD(&k, "`verdict`:`eligible`");
    plugin_close(&k);
}

static void another_system_or_value_makes_two(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "group-other", ""));
    plugin_patient(&k, "a", NUMBER("7"));
    plugin_patient(&k, "b", NUMBER("8"));
    check_one(&k, "{`patient`:`Patient/b`");
    plugin_patient(&k, "c", ",`identifier`:[{`system`:`https://other.example`,`value`:`7`}]");
    check_one(&k, "{`patient`:`Patient/c`");
    /* An equal identifier of a system that the site has not listed joins nobody. */
    plugin_patient(&k, "d", ",`identifier`:[{`system`:`https://other.example`,`value`:`7`}]");
    check_one(&k, "{`patient`:`Patient/d`");
    plugin_close(&k);
}

static void name_and_birth_date_never_join(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "group-name", ""));
    plugin_patient(&k, "a", ",`name`:[{`family`:`Byron`,`given`:[`Ada`]}],`gender`:`female`");
    plugin_patient(&k, "b", ",`name`:[{`family`:`Byron`,`given`:[`Ada`]}],`gender`:`female`");
    check_one(&k, "{`patient`:`Patient/b`");
    plugin_close(&k);
}

static void a_link_joins_and_the_replaced_one_stands_back(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "group-link", ""));
    plugin_eligible(&k, "a");
    plugin_patient(&k, "b", "");
    plugin_patient(&k, "a", LINK("b", "replaced-by"));
    check_one(&k, "{`patient`:`Patient/b`");
    CHECK_TOLD(&k, "`verdict`:`eligible`"); /* on the score of `a` */
    plugin_close(&k);
}

static void a_link_from_the_other_side_joins_too(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "group-back", ""));
    plugin_patient(&k, "a", LINK("b", "seealso"));
    plugin_eligible(&k, "b");
    check_one(&k, "{`patient`:`Patient/a`");
    plugin_close(&k);
}

static void an_unlink_splits_them_again(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "group-unlink", ""));
    plugin_eligible(&k, "b");
    plugin_patient(&k, "a", LINK("b", "seealso"));
    check_one(&k, "{`patient`:`Patient/a`");
    plugin_patient(&k, "a", "");
    CHECK_INT(plugin_count(&k, "{`patient`:`Patient/"), 2);
    /* What was decided of b before the link holds again. */
    CHECK_TOLD(&k, "{`patient`:`Patient/a`,`source`:`ward`,`changed`:true,`verdict`:{`study`:`s1`,"
                   "`verdict`:`not-screened`");
    CHECK_TOLD(&k, "{`patient`:`Patient/b`,`source`:`ward`,`changed`:false,`verdict`:{`study`:`s1`,"
                   "`verdict`:`eligible`");
    plugin_close(&k);
}

static void the_same_id_of_another_source_is_somebody_else(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "group-source", ""));
    plugin_patient(&k, "a", "");
    k.meta.source = S("lab");
    plugin_patient(&k, "a", "");
    check_one(&k, "{`patient`:`Patient/a`,`source`:`lab`");
    plugin_close(&k);
}

/* 65 Patients with one identifier are a shared number, not one person. */
static void too_many_for_one_person_is_a_limit_with_a_name(void) {
    plugin_kit k;
    char id[16];
    CHECK_OR_RETURN(plugin_open(&k, "group-limit", ""));
    for (int i = 0; i < 64; i++) {
        snprintf(id, sizeof id, "p%d", i);
        plugin_patient(&k, id, NUMBER("0"));
        CHECK_INT(k.code, FHIRTRIAL_OK);
    }
    plugin_patient(&k, "p64", NUMBER("0"));
    CHECK_INT(k.code, FHIRTRIAL_E_REJECT);
    CHECK_TOLD(&k, "more than 64 Patient ids are tied to one person");
    plugin_close(&k);
}

const unit_test plugin_group_suite[] = {UNIT_TEST(a_listed_identifier_makes_one_person),
                                        UNIT_TEST(another_system_or_value_makes_two),
                                        UNIT_TEST(name_and_birth_date_never_join),
                                        UNIT_TEST(a_link_joins_and_the_replaced_one_stands_back),
                                        UNIT_TEST(a_link_from_the_other_side_joins_too),
                                        UNIT_TEST(an_unlink_splits_them_again),
                                        UNIT_TEST(the_same_id_of_another_source_is_somebody_else),
                                        UNIT_TEST(too_many_for_one_person_is_a_limit_with_a_name),
                                        UNIT_END};
