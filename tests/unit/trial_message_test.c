/* SPDX-License-Identifier: Apache-2.0 */
/* Messages (contracts.md, Messages): which entries tell a state, which a removal, which neither,
 * and what problems say. */
#include "trial_kit.h"

static void prepare(kit *k) {
    kit_views(k);
    if (!CHECK(kit_load(k) != NULL)) kit_show(k);
}

#define OBS(id, value)                                                                             \
    "{`resourceType`:`Observation`,`id`:`" id "`,`status`:`final`,`code`:{`coding`:[{`code`:"      \
    "`a`}]},`subject`:{`reference`:`Patient/p`},`valueQuantity`:{`value`:" value "}}"
#define BUNDLE(type, entries) "{`resourceType`:`Bundle`,`type`:`" type "`,`entry`:[" entries "]}"
#define REQUEST(method, url)  "`request`:{`method`:`" method "`,`url`:`" url "`}"

static const problem *problem_with(const kit *k, const char *text) {
    static const problem none = {.level = PROBLEM_INFORMATION, .code = "", .at = -1};
    for (isize i = 0; i < k->found.n; i++)
        if (str_find(k->found.list[i].text, str_from(text), 0) >= 0) return &k->found.list[i];
    CHECK_MSG(false, "no problem says: %s", text);
    kit_show(k);
    return &none;
}

static void single_step(kit *k) {
    prepare(k);
    message m = kit_message(k, OBS("o1", "5.50"));
    CHECK_OR_RETURN(m.n == 1);
    CHECK_INT(m.resources, 1);
    const entry *e = &m.entries[0];
    CHECK_INT(e->action, ENTRY_STATE);
    CHECK_TEXT(e->type, "Observation");
    CHECK_TEXT(e->id, "o1");
    CHECK_TEXT(e->patient, "p");
    CHECK(e->reached);
    CHECK_OR_RETURN(e->row_count == 1);
    CHECK_TEXT(e->rows[0].cells, "[\"5.50\",{\"code\":\"a\"},null,[\"a\"],null]");
    CHECK_INT(k->found.n, 0);
}
static void a_single_resource_is_a_state(void) { kit_run(single_step); }

static void methods_step(kit *k) {
    prepare(k);
    message m = kit_message(
        k,
        BUNDLE(
            "transaction",
            "{`resource`:" OBS("a", "1") "," REQUEST(
                "POST",
                "Observation") "},"
                               "{`resource`:" OBS("b", "2") "," REQUEST(
                                   "PUT",
                                   "Observation/b") "},"
                                                    "{`resource`:" OBS(
                                                        "c",
                                                        "3") "},"
                                                             "{" REQUEST(
                                                                 "DELETE",
                                                                 "Observation/d") "},"
                                                                                  "{`resource`"
                                                                                  ":" OBS("e", "5") "," REQUEST(
                                                                                      "PATCH",
                                                                                      "Observation/"
                                                                                      "e") "},"
                                                                                           "{" REQUEST(
                                                                                               "GE"
                                                                                               "T",
                                                                                               "Obs"
                                                                                               "erv"
                                                                                               "ati"
                                                                                               "on/"
                                                                                               "f") "}"));
    CHECK_OR_RETURN(m.n == 4);
    CHECK_INT(m.resources, 4);
    CHECK_INT(m.entries[0].action, ENTRY_STATE);
    CHECK_INT(m.entries[1].action, ENTRY_STATE);
    CHECK_INT(m.entries[2].action, ENTRY_STATE);
    CHECK_INT(m.entries[3].action, ENTRY_REMOVE);
    CHECK_TEXT(m.entries[3].type, "Observation");
    CHECK_TEXT(m.entries[3].id, "d");
    CHECK(m.entries[3].node == TAPE_NONE);
    const problem *p = problem_with(k, "PATCH");
    CHECK_STR(p->code, "not-supported");
    CHECK_TEXT(p->place, "/entry/4/request");
    CHECK_INT(k->found.n, 1);
}
static void requests_tell_states_and_removals(void) { kit_run(methods_step); }

static void patch_step(kit *k) {
    prepare(k);
    message m = kit_message(
        k, BUNDLE("batch", "{`resource`:" OBS("e", "5") "," REQUEST("PATCH", "Observation/e") "}"));
    CHECK_INT(m.n, 0);
    CHECK_INT(problem_with(k, "PATCH")->level, PROBLEM_ERROR);
}
static void a_patch_is_not_supported(void) { kit_run(patch_step); }

static void conditional_delete_step(kit *k) {
    prepare(k);
    message m =
        kit_message(k, BUNDLE("batch", "{" REQUEST("DELETE", "Observation?identifier=x") "}"));
    CHECK_INT(m.n, 0);
    CHECK_STR(problem_with(k, "DELETE")->code, "not-supported");
}
static void a_conditional_delete_is_not_supported(void) { kit_run(conditional_delete_step); }

static void verb_step(kit *k) {
    prepare(k);
    message m =
        kit_message(k, BUNDLE("batch", "{`resource`:" OBS("e", "5") "," REQUEST("SEND", "x") "}"));
    CHECK_INT(m.n, 0);
    CHECK_STR(problem_with(k, "no HTTP verb")->code, "code-invalid");
}
static void an_unknown_verb_is_an_issue(void) { kit_run(verb_step); }

static void types_step(kit *k) {
    static const char *const types[] = {"document",   "message",        "transaction",
                                        "batch",      "history",        "searchset",
                                        "collection", "batch-response", "transaction-response"};
    prepare(k);
    for (isize i = 0; i < COUNT_OF(types); i++) {
        str text = arena_printf(&k->arena, "{`resourceType`:`Bundle`,`type`:`%s`,`entry`:[%s]}",
                                types[i], "{`resource`:" OBS("o", "5") "}");
        message m = kit_message(k, text.p);
        CHECK_MSG(m.n == 1 && m.entries[0].row_count == 1, "a Bundle of type %s", types[i]);
    }
    CHECK_INT(k->found.n, 0);
}
static void every_type_of_bundle_is_opened(void) { kit_run(types_step); }

static void history_step(kit *k) {
    prepare(k);
    message m = kit_message(
        k,
        BUNDLE("history",
               "{" REQUEST(
                   "DELETE",
                   "Observation/d") ",`response`:{`status`:`204`,"
                                    "`etag`:`W/\\`3\\``,`lastModified`:`2025-01-01T00:00:00Z`}}"));
    CHECK_OR_RETURN(m.n == 1);
    CHECK_TEXT(m.entries[0].version, "3");
    CHECK_TEXT(m.entries[0].updated, "2025-01-01T00:00:00Z");
}
static void a_removal_in_a_history_has_its_order(void) { kit_run(history_step); }

static void outcome_step(kit *k) {
    prepare(k);
    message m = kit_message(
        k,
        BUNDLE("searchset", "{`resource`:{`resourceType`:`OperationOutcome`,`issue`:[{`severity`:"
                            "`information`,`code`:`informational`}]},`search`:{`mode`:`outcome`}},"
                            "{`resource`:" OBS("o", "1") ",`search`:{`mode`:`match`}}"));
    CHECK_INT(m.n, 1);
    CHECK_INT(m.resources, 2);
    CHECK_INT(k->found.n, 0);
}
static void the_outcome_of_a_search_is_no_resource(void) { kit_run(outcome_step); }

static void wrong_step(kit *k) {
    prepare(k);
    message m = kit_message(k, "{`resourceType`:`Observation`,`id`:`o`,`status`:"
                               "`entered-in-error`,`code`:{},`subject`:{`reference`:`Patient/p`},"
                               "`valueQuantity`:{`value`:5}}");
    CHECK_OR_RETURN(m.n == 1);
    CHECK_INT(m.entries[0].action, ENTRY_REMOVE);
    CHECK_INT(m.entries[0].row_count, 0);
    CHECK_TEXT(m.entries[0].patient, "p");
    m = kit_message(k, "{`resourceType`:`Condition`,`id`:`c`,`verificationStatus`:{`coding`:["
                       "{`code`:`entered-in-error`}]},`subject`:{`reference`:`Patient/p`}}");
    CHECK_INT(m.entries[0].action, ENTRY_REMOVE);
}
static void entered_in_error_removes(void) { kit_run(wrong_step); }

static void rest_step(kit *k) {
    prepare(k);
    message m = kit_message(k, BUNDLE("collection",
                                      "{`resource`:{`resourceType`:`Observaton`,`id`:`x`}},"
                                      "{`resource`:" OBS("o", "1") "},{`fullUrl`:`urn:uuid:1`}"));
    CHECK_OR_RETURN(m.n == 1); /* the rest goes on */
    CHECK_TEXT(m.entries[0].id, "o");
    CHECK_INT(m.entries[0].row_count, 1);
    CHECK_TEXT(problem_with(k, "no resource that can be read")->place, "/entry/0");
}
static void an_unusable_entry_does_not_stop_the_rest(void) { kit_run(rest_step); }

static void nested_step(kit *k) {
    prepare(k);
    kit_message(k, BUNDLE("collection", "{`resource`:" BUNDLE(
                                            "collection", "{`resource`:" OBS("o", "1") "}") "}"));
    CHECK_STR(problem_with(k, "a Bundle inside a Bundle")->code, "not-supported");
}
static void a_bundle_inside_a_bundle_is_said(void) { kit_run(nested_step); }

static void rejected_step(kit *k) {
    prepare(k);
    message m = kit_message(k, OBS("o", "99"));
    CHECK_INT(m.entries[0].row_count, 1); /* the row stays, so that criteria can see it */
    const problem *p = problem_with(k, "out-of-range");
    CHECK_INT(p->level, PROBLEM_WARNING);
    CHECK_STR(p->code, "value");
    CHECK_TEXT(p->remedy, "send a number from 0 to 10");
    CHECK(str_find(p->text, S("99"), 0) < 0); /* never the value */
}
static void a_rejected_value_is_a_warning_without_the_value(void) { kit_run(rejected_step); }

static void homeless_step(kit *k) {
    prepare(k);
    message m = kit_message(k, "{`resourceType`:`Observation`,`id`:`o`,`status`:`final`,`code`:{},"
                               "`valueQuantity`:{`value`:5}}");
    CHECK_TEXT(m.entries[0].patient, "");
    CHECK_STR(problem_with(k, "belongs to no Patient")->code, "required");
}
static void rows_without_a_patient_are_said(void) { kit_run(homeless_step); }

static void failing_step(kit *k) {
    kit_file(k, "core/views/one.json",
             "{`resourceType`:`ViewDefinition`,`name`:`one`,`resource`:`Observation`,`select`:[{"
             "`column`:[{`name`:`first`,`type`:`code`,`path`:`code.coding.code.single()`}]}]}");
    prepare(k);
    message m = kit_message(k, "{`resourceType`:`Observation`,`id`:`o`,`status`:`final`,`code`:{"
                               "`coding`:[{`code`:`a`},{`code`:`b`}]},"
                               "`subject`:{`reference`:`Patient/p`}}");
    CHECK_OR_RETURN(m.entries[0].row_count == 2); /* of "obs", and the mark of "one" */
    CHECK_TEXT(m.entries[0].rows[1].cells, "[null,\"error\"]");
    CHECK_STR(problem_with(k, "view one, column first")->code, "processing");
}
static void a_view_that_fails_leaves_a_mark(void) { kit_run(failing_step); }

static void empty_step(kit *k) {
    prepare(k);
    message m = kit_message(k, "{`resourceType`:`Bundle`,`type`:`collection`}");
    CHECK_INT(m.n, 0);
    CHECK_INT(m.resources, 0);
}
static void an_empty_bundle_is_nothing(void) { kit_run(empty_step); }

/* Every ceiling of the arena ends in success or in FAULT_NOMEM, and leaks nothing (the sanitizers
 * see to that). */
static void torture_step(kit *k) {
    prepare(k);
    message m = kit_message(
        k, BUNDLE("collection", "{`resource`:" OBS("a", "1") "},{`resource`:" OBS(
                                    "b", "99") "},{" REQUEST("DELETE", "Observation/d") "}"));
    tape record = kit_record(k, &m);
    kit_record_text(k, &record);
}

static void every_arena_ceiling_is_survived(void) {
    isize ceiling = 0, refused = 0;
    bool ok = false;
    for (; !ok && ceiling < 16 << 20; ceiling += 1 << 14) {
        fault fault = {0};
        ok = kit_run_within(ceiling, torture_step, &fault);
        refused += !ok;
        if (!ok &&
            !CHECK_MSG(fault.code == FAULT_NOMEM, "%s: %s", fault_name(fault.code), fault.text))
            return;
    }
    CHECK(ok);
    CHECK(refused > 3);
}

/* Two resources with such ids and equal content would become one, and a Patient would be parted
 * from the resources that name it: they are not used at all. */
static void bad_id_step(kit *k) {
    prepare(k);
    message m = kit_message(
        k, BUNDLE("collection",
                  "{`fullUrl`:`urn:uuid:1`,`resource`:{`resourceType`:`Patient`,`id`:`p_1`}},{`"
                  "resource`:" OBS("o_1", "1") "},{`resource`:" OBS("o2", "2") "}"));
    CHECK_INT(m.resources, 3);
    CHECK_OR_RETURN(m.n == 1);
    CHECK_TEXT(m.entries[0].id, "o2");
    CHECK_INT(problem_with(k, "no FHIR id, so no reference")->level, PROBLEM_ERROR);
}
static void a_resource_with_a_wrong_id_is_not_used(void) { kit_run(bad_id_step); }

static void bad_reference_step(kit *k) {
    prepare(k);
    message m = kit_message(
        k, "{`resourceType`:`Observation`,`id`:`o1`,`status`:`final`,`code`:{`coding`:[{`code`:`a`}"
           "]},`subject`:{`reference`:`Patient/p_1`},`valueQuantity`:{`value`:3}}");
    CHECK_OR_RETURN(m.n == 1);
    CHECK_TEXT(m.entries[0].patient, "");
}
static void a_reference_to_a_wrong_id_leads_nowhere(void) { kit_run(bad_reference_step); }

const unit_test trial_message_suite[] = {UNIT_TEST(a_single_resource_is_a_state),
                                         UNIT_TEST(requests_tell_states_and_removals),
                                         UNIT_TEST(a_patch_is_not_supported),
                                         UNIT_TEST(a_conditional_delete_is_not_supported),
                                         UNIT_TEST(an_unknown_verb_is_an_issue),
                                         UNIT_TEST(every_type_of_bundle_is_opened),
                                         UNIT_TEST(a_removal_in_a_history_has_its_order),
                                         UNIT_TEST(the_outcome_of_a_search_is_no_resource),
                                         UNIT_TEST(entered_in_error_removes),
                                         UNIT_TEST(an_unusable_entry_does_not_stop_the_rest),
                                         UNIT_TEST(a_bundle_inside_a_bundle_is_said),
                                         UNIT_TEST(a_rejected_value_is_a_warning_without_the_value),
                                         UNIT_TEST(rows_without_a_patient_are_said),
                                         UNIT_TEST(a_view_that_fails_leaves_a_mark),
                                         UNIT_TEST(an_empty_bundle_is_nothing),
                                         UNIT_TEST(every_arena_ceiling_is_survived),
                                         UNIT_TEST(a_resource_with_a_wrong_id_is_not_used),
                                         UNIT_TEST(a_reference_to_a_wrong_id_leads_nowhere),
                                         UNIT_END};
