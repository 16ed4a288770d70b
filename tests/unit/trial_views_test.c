/* SPDX-License-Identifier: Apache-2.0 */
/* Views as elements of the record: reserved names, doubles, circles, what a stored view may not do.
 */
#include "trial_kit.h"

static void refused(kit *k, const char *name, const char *text, const char *message) {
    kit_views(k);
    kit_file(k, name, text);
    CHECK(kit_load(k) == NULL);
    if (!CHECK_MSG(kit_found(k, message), "nothing says \"%s\"", message)) kit_show(k);
}

#define REFUSED(name, file, text, message)                                                         \
    static void name##_step(kit *k) { refused(k, file, text, message); }                           \
    static void name(void) { kit_run(name##_step); }
#define ON(resource, name, column)                                                                 \
    "{`name`:`" name "`,`resource`:`" resource "`,`select`:[{`column`:[" column "]}]}"
#define ID "{`name`:`a`,`type`:`id`,`path`:`id`}"

REFUSED(a_name_used_twice, "core/views/z.json", ON("Patient", "obs", ID),
        "core/views/obs.json defines a view of this name")
REFUSED(a_name_of_the_records_own, "core/views/z.json", ON("Patient", "meta", ID),
        "taken by the record's own elements")
REFUSED(a_column_that_the_engine_adds, "core/views/z.json",
        ON("Patient", "zz", "{`name`:`source`,`type`:`id`,`path`:`id`}"),
        "column 'source' is added by the engine")
REFUSED(a_stored_view_that_asks_the_clock, "core/views/z.json",
        ON("Patient", "zz", "{`name`:`a`,`type`:`boolean`,`path`:`birthDate <= today()`}"),
        "must not use now()")
REFUSED(a_derived_view_of_itself, "core/views/z.json",
        "{`name`:`zz`,`resource`:`Record`,`select`:[{`forEach`:`yy`,`column`:[{`name`:`a`,`type`:"
        "`decimal`,`path`:`a`}]}]}",
        "yy")
REFUSED(a_misspelt_column_of_the_record, "core/views/z.json",
        "{`name`:`zz`,`resource`:`Record`,`select`:[{`forEach`:`obs`,`column`:[{`name`:`a`,`type`:"
        "`decimal`,`path`:`scor`}]}]}",
        "scor")

static void circle_step(kit *k) {
    kit_views(k);
    kit_file(k, "core/views/y.json",
             "{`name`:`yy`,`resource`:`Record`,`select`:[{`forEach`:`zz`,`column`:[{`name`:`a`,"
             "`type`:`decimal`,`path`:`b`}]}]}");
    kit_file(k, "core/views/z.json",
             "{`name`:`zz`,`resource`:`Record`,`select`:[{`forEach`:`yy`,`column`:[{`name`:`b`,"
             "`type`:`decimal`,`path`:`a`}]}]}");
    CHECK(kit_load(k) == NULL);
    CHECK(kit_found(k, "in a circle: "));
}
static void a_circle_of_derived_views(void) { kit_run(circle_step); }

/* A study's own derived view sees its parameters, and hands on that one is unset. */
static void study_step(kit *k) {
    kit_views(k);
    kit_file(k, "studies/s1/views/high.json",
             "{`name`:`high`,`resource`:`Record`,`select`:[{`forEach`:`obs.where(score > %least)`,"
             "`column`:[{`name`:`score`,`type`:`decimal`,`path`:`score`},{`name`:`source`,`type`:"
             "`string`,`collection`:true,`path`:`source`}]}]}");
    kit_study(k, "`parameters`:[{`name`:`least`,`type`:`decimal`,`siteMustConfirm`:true,`text`:`x`"
                 "}],`screening`:[`X`],`criteria`:[{`id`:`X`,`kind`:`inclusion`,`text`:`x`,"
                 "`evidence`:`high`,`met`:`high.exists()`}]");
    static const char message[] =
        "{`resourceType`:`Observation`,`id`:`o`,`status`:`final`,`code`:{},`subject`:{`reference`:"
        "`Patient/p`},`valueQuantity`:{`value`:5}}";
    if (!CHECK(kit_load(k) != NULL)) kit_show(k);
    verdict v = kit_verdict(k, message);
    CHECK_INT(kit_finding(&v, "X")->reason, REASON_SOURCE_INCOMPLETE);
    kit_file(k, "sites/here/site.json",
             "{`schema`:1,`id`:`here`,`parameters`:{`s1`:{`least`:4.9}}}");
    if (!CHECK(kit_load(k) != NULL)) kit_show(k);
    v = kit_verdict(k, message);
    CHECK_INT(kit_finding(&v, "X")->result, RESULT_MET);
}
static void a_studys_view_sees_its_parameters(void) { kit_run(study_step); }

const unit_test trial_views_suite[] = {UNIT_TEST(a_name_used_twice),
                                       UNIT_TEST(a_name_of_the_records_own),
                                       UNIT_TEST(a_column_that_the_engine_adds),
                                       UNIT_TEST(a_stored_view_that_asks_the_clock),
                                       UNIT_TEST(a_derived_view_of_itself),
                                       UNIT_TEST(a_misspelt_column_of_the_record),
                                       UNIT_TEST(a_circle_of_derived_views),
                                       UNIT_TEST(a_studys_view_sees_its_parameters),
                                       UNIT_END};
