/* SPDX-License-Identifier: Apache-2.0 */
/* Loading a set: which file is what, never half, and the digests by which the store knows what made
 * a row (contracts.md, Store). */
#include "trial_kit.h"

#define STUDY                                                                                      \
    "`screening`:[`X`],`criteria`:[{`id`:`X`,`kind`:`inclusion`,`text`:`x`,`evidence`:`obs`,"      \
    "`met`:`true`}]"
#define SET(url, code)                                                                             \
    "{`resourceType`:`ValueSet`,`url`:`" url                                                       \
    "`,`status`:`active`,`compose`:{`include`:[{`system`:`s`,`concept`:[{`code`:`" code "`}]}]}}"

static void base(kit *k) {
    k->file_count = 0;
    kit_views(k);
    kit_study(k, STUDY);
    kit_file(k, "core/views/coded.json",
             "{`resourceType`:`ViewDefinition`,`name`:`coded`,`resource`:`Observation`,`constant`:"
             "[{`name`:`set`,`valueUri`:`https://v.example/used`}],`select`:[{`column`:[{`name`:"
             "`a`,`type`:`boolean`,`path`:`code.memberOf(%set)`}]}]}");
    kit_file(k, "core/valuesets/used.json", SET("https://v.example/used", "1"));
    kit_file(k, "core/valuesets/other.json", SET("https://v.example/other", "1"));
}

/* Replaces the text of a file that is there. */
static void change(kit *k, const char *name, const char *text) {
    for (isize i = 0; i < k->file_count; i++)
        if (str_eq(k->files[i].name, str_from(name))) k->files[i].text = kit_text(k, text);
}

static str view_digest(const kit *k, const char *name) {
    for (isize i = 0; i < mappings_view_count(k->set); i++)
        if (str_eq(view_name(mappings_view(k->set, i)), str_from(name)))
            return mappings_view_digest(k->set, i);
    CHECK_MSG(false, "no view %s", name);
    return (str){0};
}

typedef struct digests {
    str set, study, obs, coded;
} digests;

static digests take(kit *k) {
    if (!CHECK(kit_load(k) != NULL)) {
        kit_show(k);
        return (digests){0};
    }
    return (digests){mappings_digest(k->set), study_digest(mappings_study(k->set, 0)),
                     view_digest(k, "obs"), view_digest(k, "coded")};
}

static void same_step(kit *k) {
    base(k);
    digests a = take(k);
    CHECK_INT(a.set.n, DIGEST_HEX);
    CHECK_INT(a.obs.n, DIGEST_HEX);
    mapping_file first = k->files[0]; /* another order of the same files */
    k->files[0] = k->files[k->file_count - 1];
    k->files[k->file_count - 1] = first;
    digests b = take(k);
    CHECK(str_eq(a.set, b.set) && str_eq(a.study, b.study) && str_eq(a.coded, b.coded));
}
static void the_same_files_have_the_same_digests(void) { kit_run(same_step); }

static void term_step(kit *k) {
    base(k);
    digests a = take(k);
    change(k, "core/valuesets/used.json", SET("https://v.example/used", "2"));
    digests b = take(k);
    CHECK(!str_eq(a.coded, b.coded));
    CHECK(str_eq(a.obs, b.obs));
    CHECK(!str_eq(a.study, b.study));
    change(k, "core/valuesets/other.json", SET("https://v.example/other", "2"));
    digests c = take(k);
    CHECK(str_eq(b.coded, c.coded));
    CHECK(!str_eq(b.set, c.set));
}
static void a_value_set_changes_the_views_that_ask_it(void) { kit_run(term_step); }

static void protocol_step(kit *k) {
    base(k);
    digests a = take(k);
    for (isize i = 0; i < k->file_count; i++) {
        str text = k->files[i].text;
        if (!str_eq(k->files[i].name, S("studies/s1/protocol.json"))) continue;
        k->files[i].text = arena_printf(&k->arena, "%.*s ", STR_ARGS(text));
    }
    digests b = take(k);
    CHECK(!str_eq(a.study, b.study));
    CHECK(!str_eq(a.set, b.set));
    CHECK(str_eq(a.obs, b.obs) && str_eq(a.coded, b.coded));
}
static void a_protocol_changes_no_view(void) { kit_run(protocol_step); }

static void site_map_step(kit *k) {
    base(k);
    digests a = take(k);
    kit_file(k, "sites/here/site.json", "{`schema`:1,`id`:`here`}");
    kit_file(k, "sites/here/conceptmaps/x.json",
             "{`resourceType`:`ConceptMap`,`url`:`https://m.example/x`,`status`:`active`,`group`:[{"
             "`source`:`l`,`target`:`t`,`element`:[{`code`:`1`,`target`:[{`code`:`2`,"
             "`equivalence`:`equal`}]}]}]}");
    digests b = take(k);
    CHECK(!str_eq(a.obs, b.obs) && !str_eq(a.coded, b.coded));
}
static void the_sites_code_map_changes_every_view(void) { kit_run(site_map_step); }

static void zone_step(kit *k) {
    static const zone_rule rule = {0, 60};
    static const zone_table zone = {S_INIT("Europe/Berlin"), &rule, 1};
    base(k);
    digests a = take(k);
    const mappings *m =
        mappings_load(&k->arena, k->files, k->file_count, &zone, &kit_digest, &k->found);
    CHECK_OR_RETURN(m != NULL);
    CHECK(!str_eq(mappings_digest(m), a.set));
    CHECK(!str_eq(study_digest(mappings_study(m, 0)), a.study));
    CHECK(str_eq(mappings_view_digest(m, 0), view_digest(k, "coded")));
}
static void the_zone_changes_verdicts_and_no_rows(void) { kit_run(zone_step); }

static void no_digest_step(kit *k) {
    base(k);
    const mappings *m = mappings_load(&k->arena, k->files, k->file_count, NULL, NULL, &k->found);
    CHECK_OR_RETURN(m != NULL);
    CHECK_TEXT(mappings_digest(m), "");
    CHECK_TEXT(mappings_view_digest(m, 0), "");
}
static void without_a_digest_function_there_are_none(void) { kit_run(no_digest_step); }

static void order_step(kit *k) {
    base(k);
    kit_file(k, "core/views/aaa.json",
             "{`name`:`aaa`,`resource`:`Record`,`select`:[{`forEach`:`obs`,`column`:[{`name`:`n`,"
             "`type`:`decimal`,`path`:`score`}]}]}");
    if (!CHECK(kit_load(k) != NULL)) kit_show(k);
    CHECK_INT(mappings_view_count(k->set), 3);
    CHECK_TEXT(view_name(mappings_view(k->set, 0)), "coded");
    CHECK_TEXT(view_name(mappings_view(k->set, 1)), "obs");
    CHECK_TEXT(view_name(mappings_view(k->set, 2)), "person");
    CHECK_INT(mappings_derived_count(k->set), 1);
    CHECK_TEXT(view_name(mappings_derived(k->set, 0)), "aaa");
}
static void stored_views_come_by_name_and_then_derived_ones(void) { kit_run(order_step); }

static void json_step(kit *k) {
    base(k);
    change(k, "core/views/obs.json", "{`name`: `obs`,}");
    CHECK(kit_load(k) == NULL); /* never half loaded */
    CHECK_OR_RETURN(k->found.n > 0);
    CHECK_TEXT(k->found.list[0].file, "core/views/obs.json");
    CHECK_INT(k->found.list[0].at, 15);
    CHECK_STR(k->found.list[0].code, "invalid");
}
static void broken_json_has_file_and_offset(void) { kit_run(json_step); }

static void place_step(kit *k) {
    base(k);
    kit_file(k, "core/view/x.json", "{}");
    kit_file(k, "studies/s1/README.md", "text");
    if (!CHECK(kit_load(k) != NULL)) kit_show(k);
    CHECK(kit_found(k, "place tells nothing"));
    CHECK_INT(k->found.errors, 0);
}
static void a_file_in_no_known_place_is_warned_of(void) { kit_run(place_step); }

static void half_step(kit *k) {
    base(k);
    kit_file(k, "core/views/consent.JSON", "{}");
    kit_file(k, "studies/s2/Protocol.json", "{}");
    kit_file(k, "sites/here/conceptmaps/x.json",
             "{`resourceType`:`ConceptMap`,`url`:`u`,`status`:`active`}");
    CHECK(kit_load(k) == NULL);
    CHECK(kit_found(k, "ends in .json, in small letters"));
    CHECK(kit_found(k, "the folder studies/s2 has no protocol.json"));
    CHECK(kit_found(k, "the folder sites/here has no site.json"));
    bool renames = false;
    for (isize i = 0; i < k->found.n; i++)
        renames |= str_eq(k->found.list[i].remedy, S("rename Protocol.json"));
    CHECK(renames);
}
static void half_of_what_was_meant_is_an_error(void) { kit_run(half_step); }

static void array_step(kit *k) {
    base(k);
    change(k, "core/views/obs.json", "[]");
    CHECK(kit_load(k) == NULL);
    CHECK(kit_found(k, "one JSON object"));
}
static void a_file_must_hold_an_object(void) { kit_run(array_step); }

static void timezone_step(kit *k) {
    base(k);
    CHECK_TEXT(mappings_timezone(&k->arena, k->files, k->file_count), "");
    kit_file(k, "sites/here/site.json", "{`schema`:1,`id`:`here`,`timezone`:`Europe/Berlin`}");
    CHECK_TEXT(mappings_timezone(&k->arena, k->files, k->file_count), "Europe/Berlin");
}
static void the_time_zone_is_known_before_loading(void) { kit_run(timezone_step); }

const unit_test trial_mappings_suite[] = {
    UNIT_TEST(the_same_files_have_the_same_digests),
    UNIT_TEST(a_value_set_changes_the_views_that_ask_it),
    UNIT_TEST(a_protocol_changes_no_view),
    UNIT_TEST(the_sites_code_map_changes_every_view),
    UNIT_TEST(the_zone_changes_verdicts_and_no_rows),
    UNIT_TEST(without_a_digest_function_there_are_none),
    UNIT_TEST(stored_views_come_by_name_and_then_derived_ones),
    UNIT_TEST(broken_json_has_file_and_offset),
    UNIT_TEST(a_file_in_no_known_place_is_warned_of),
    UNIT_TEST(half_of_what_was_meant_is_an_error),
    UNIT_TEST(a_file_must_hold_an_object),
    UNIT_TEST(the_time_zone_is_known_before_loading),
    UNIT_END};
