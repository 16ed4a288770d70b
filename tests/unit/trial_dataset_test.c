/* SPDX-License-Identifier: Apache-2.0 */
/* core/exports: what a dataset may say, each mistake with its message, and what leaves of the
 * record's views by rule and by type. */
#include "trial_kit.h"

/* A dataset FN with these members, columns and view columns. */
static void dataset_file(kit *k, const char *members, const char *columns, const char *view) {
    str text = arena_printf(
        &k->arena,
        "{`schema`:1,%s,`columns`:[%s],`view`:{`resourceType`:`ViewDefinition`,`name`:`FN`,"
        "`status`:`active`,`resource`:`Export`,`select`:[{`forEach`:`obs`,`column`:[%s]}]}}",
        members, columns, view);
    kit_file(k, "core/exports/fn.json", text.p);
}

#define MEMBERS "`dataset`:`FN`,`label`:`Findings`,`rows`:`subject`,`source`:`invented`"
#define VALUE   "{`name`:`FNVAL`,`label`:`Value`,`type`:`decimal`}"
#define SCORE   "{`name`:`FNVAL`,`type`:`decimal`,`path`:`score`}"

static void good_step(kit *k) {
    kit_views(k);
    dataset_file(k, MEMBERS,
                 "{`name`:`FNSEQ`,`label`:`Number`,`type`:`integer`,`sequence`:true,`key`:2},"
                 "{`name`:`FNVAL`,`label`:`Value`,`type`:`decimal`,`key`:1,`leaves`:`number`}",
                 SCORE);
    if (!CHECK(kit_load(k) != NULL)) {
        kit_show(k);
        return;
    }
    CHECK_INT(mappings_dataset_count(k->set), 1);
    const dataset *d = mappings_dataset(k->set, 0);
    CHECK_TEXT(d->name, "FN");
    CHECK_TEXT(d->label, "Findings");
    CHECK(!d->of_study);
    CHECK_INT(d->column_count, 2);
    CHECK(d->columns[0].sequence);
    CHECK_INT(d->columns[0].cell, -1);
    CHECK_INT(d->columns[0].key, 2);
    CHECK_INT(d->columns[1].cell, 0);
    CHECK_INT(d->columns[1].type, DATASET_DECIMAL);
    CHECK_INT(d->columns[1].leaving, LEAVE_NUMBER);
}
static void a_dataset_is_read_whole(void) { kit_run(good_step); }

typedef struct mistake {
    const char *members, *columns, *view, *found;
} mistake;

static const mistake mistakes[] = {
    {"`dataset`:`fn`,`label`:`F`,`rows`:`subject`,`source`:`i`", VALUE, SCORE,
     "a dataset's name is 1 to 8 of A-Z and 0-9, a letter first"},
    {"`dataset`:`../../ETC`,`label`:`F`,`rows`:`subject`,`source`:`i`", VALUE, SCORE,
     "a dataset's name is 1 to 8 of A-Z and 0-9, a letter first"},
    {"`dataset`:`FN`,`rows`:`subject`,`source`:`i`", VALUE, SCORE, "\"label\" is missing"},
    {"`dataset`:`FN`,`label`:`F`,`rows`:`subject`", VALUE, SCORE, "\"source\" is missing"},
    {"`dataset`:`FN`,`label`:`F`,`rows`:`visit`,`source`:`i`", VALUE, SCORE,
     "this must be one of: subject, study"},
    {MEMBERS ",`colour`:1", VALUE, SCORE, "unknown member \"colour\""},
    {MEMBERS, "`FNVAL`", SCORE, "a column must be an object"},
    {MEMBERS, "{`name`:`FNVAL`,`type`:`decimal`}", SCORE, "\"label\" is missing"},
    {MEMBERS, "{`name`:`FNVAL`,`label`:`V`,`type`:`number`}", SCORE,
     "this must be one of: string, integer, decimal, datetime"},
    {MEMBERS, "{`name`:`FNVAL`,`label`:`V`,`type`:`decimal`,`leaves`:`hash`}", SCORE,
     "this must be one of: plain, year, key, number, not"},
    {MEMBERS, "{`name`:`FNVAL`,`label`:`V`,`type`:`decimal`,`key`:0}", SCORE,
     "\"key\" is a place among the keys"},
    {MEMBERS, "{`name`:`FNVLA`,`label`:`V`,`type`:`decimal`}", SCORE,
     "the view has no column 'FNVLA'"},
    {MEMBERS, "{`name`:`FNVAL`,`label`:`V`,`type`:`decimal`,`sequence`:true}", SCORE,
     "a sequence is numbered here, not by the view"},
    {MEMBERS, VALUE "," VALUE, SCORE, "two columns have this name"},
    {MEMBERS, "{`name`:`T`,`label`:`T`,`type`:`string`}",
     "{`name`:`T`,`type`:`code`,`collection`:true,`path`:`tag`}", "column 'T' is a collection"},
    {MEMBERS, VALUE, "{`name`:`FNVAL`,`type`:`decimal`,`path`:`scor`}", "has no element \"scor\""}};

static const mistake *planted;

static void mistake_step(kit *k) {
    kit_views(k);
    dataset_file(k, planted->members, planted->columns, planted->view);
    CHECK_MSG(kit_load(k) == NULL, "loaded: %s", planted->found);
    if (!CHECK_MSG(kit_found(k, planted->found), "not found: %s", planted->found)) kit_show(k);
}
static void each_mistake_has_its_message(void) {
    for (isize i = 0; i < COUNT_OF(mistakes); i++) {
        planted = &mistakes[i];
        kit_run(mistake_step);
    }
}

static void shapes_step(kit *k) {
    kit_views(k);
    kit_file(k, "core/exports/a.json",
             "{`schema`:2,`dataset`:`A`,`label`:`A`,`rows`:`subject`,"
             "`source`:`i`,`columns`:[],`view`:{}}");
    kit_file(k, "core/exports/b.json",
             "{`schema`:1,`dataset`:`B`,`label`:`B`,`rows`:`subject`,"
             "`source`:`i`,`columns`:[],`view`:{`resource`:`Record`}}");
    kit_file(k, "core/exports/c.json", "{`schema`:1,`record`:[]}");
    kit_file(k, "core/exports/d.json", "{`schema`:1,`record`:{`hash`:[`born`]}}");
    CHECK(kit_load(k) == NULL);
    CHECK(kit_found(k, "\"schema\" must be 1"));
    CHECK(kit_found(k, "a dataset's view must read Export"));
    CHECK(kit_found(k, "\"record\" has the wrong form"));
    CHECK(kit_found(k, "unknown member \"hash\""));
}
static void each_wrong_file_has_its_message(void) { kit_run(shapes_step); }

static void twice_step(kit *k) {
    kit_views(k);
    dataset_file(k, MEMBERS, VALUE, SCORE);
    str text = k->files[k->file_count - 1].text;
    k->files[k->file_count++] = (mapping_file){.name = S("core/exports/again.json"), .text = text};
    CHECK(kit_load(k) == NULL);
    CHECK(kit_found(k, "two datasets have this name"));
}
static void a_name_is_used_once(void) { kit_run(twice_step); }

static leaving leaves(kit *k, const char *view, const char *column, const char *type) {
    return mappings_leaving(k->set, str_from(view), str_from(column),
                            model_find_type(mappings_model(k->set), str_from(type)));
}

static void leaving_step(kit *k) {
    kit_views(k);
    kit_file(k, "core/exports/record.json",
             "{`schema`:1,`record`:{`not`:[`score`],`plain`:[`obs.score`],`key`:[`nowhere`]}}");
    if (!CHECK(kit_load(k) != NULL)) kit_show(k);
    CHECK(kit_found(k, "no view has this column"));
    CHECK_INT(leaves(k, "person", "born", "date"), LEAVE_YEAR);
    CHECK_INT(leaves(k, "person", "dead", "boolean"), LEAVE_PLAIN);
    CHECK_INT(leaves(k, "obs", "effective", "dateTime"), LEAVE_PLAIN);
    CHECK_INT(leaves(k, "obs", "code", "Coding"), LEAVE_PLAIN);
    CHECK_INT(leaves(k, "obs", "x", "string"), LEAVE_NOT);
    CHECK_INT(leaves(k, "obs", "x", "uri"), LEAVE_NOT);
    CHECK_INT(leaves(k, "obs", "x", "Reference"), LEAVE_NOT);
    CHECK_INT(leaves(k, "obs", "x", "HumanName"), LEAVE_NOT);
    CHECK_INT(leaves(k, "obs", "x", "Identifier"), LEAVE_NOT);
    CHECK_INT(leaves(k, "obs", "score", "decimal"), LEAVE_PLAIN); /* the longer rule wins */
    CHECK_INT(leaves(k, "other", "score", "decimal"), LEAVE_NOT);
    CHECK_INT(leaves(k, "other", "nowhere", "string"), LEAVE_KEY);
}
static void what_is_not_named_leaves_by_its_type(void) { kit_run(leaving_step); }

const unit_test trial_dataset_suite[] = {UNIT_TEST(a_dataset_is_read_whole),
                                         UNIT_TEST(each_mistake_has_its_message),
                                         UNIT_TEST(each_wrong_file_has_its_message),
                                         UNIT_TEST(a_name_is_used_once),
                                         UNIT_TEST(what_is_not_named_leaves_by_its_type),
                                         UNIT_END};
