/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions of people on criteria: who counts, what they settle, and what they never do. */
#include "trial_kit.h"

/* A view of decisions as the core has it, on Observation: code is the criterion, the value the
 * answer, performer the author. Criteria: H human, D what the data say (score > 5), W a window that
 * the site has not set. */
static void files(kit *k, const char *site) {
    k->file_count = 0;
    kit_views(k);
    kit_file(k, "core/views/decision.json",
             "{`resourceType`:`ViewDefinition`,`name`:`decision`,`status`:`active`,`resource`:"
             "`Observation`,`where`:[{`path`:`code.coding.where(system = 'crit').exists()`}],"
             "`select`:[{`column`:["
             "{`name`:`effective`,`type`:`dateTime`,`path`:`effective.ofType(dateTime)`},"
             "{`name`:`criterion`,`type`:`code`,`path`:`code.coding.code.first()`},"
             "{`name`:`answer`,`type`:`code`,`path`:`value.ofType(string)`},"
             "{`name`:`performer`,`type`:`string`,`collection`:true,"
             "`path`:`performer.reference | performer.identifier.select(system & '|' & "
             "value)`}]}]}");
    kit_file(k, "core/views/assertion.json",
             "{`resourceType`:`ViewDefinition`,`name`:`assertion`,`status`:`active`,`resource`:"
             "`Record`,`select`:[{`forEach`:`decision`,`column`:["
             "{`name`:`source`,`type`:`string`,`path`:`source`},"
             "{`name`:`effective`,`type`:`dateTime`,`path`:`effective`},"
             "{`name`:`study`,`type`:`code`,`path`:`'s1'`},"
             "{`name`:`criterion`,`type`:`code`,`path`:`criterion`},"
             "{`name`:`answer`,`type`:`code`,`path`:`answer`},"
             "{`name`:`performer`,`type`:`string`,`collection`:true,`path`:`performer`}]}]}");
    kit_study(k,
              "`parameters`:[{`name`:`least`,`type`:`Quantity`,`siteMustConfirm`:true,`text`:`x`}],"
              "`screening`:[`D`],`criteria`:["
              "{`id`:`H`,`kind`:`inclusion`,`text`:`h`,`human`:true},"
              "{`id`:`D`,`kind`:`inclusion`,`text`:`d`,`evidence`:`obs.where(score.exists())`,"
              "`met`:`obs.score.max() > 5`},"
              "{`id`:`W`,`kind`:`inclusion`,`text`:`w`,`evidence`:`obs`,`met`:`%least.exists()`}]");
    kit_file(k, "sites/here/site.json", site);
}

#define SITE                                                                                       \
    "{`schema`:1,`id`:`here`,`assertions`:[{`source`:`ward`,`performer`:`Practitioner/17`},"       \
    "{`source`:`ward`,`performer`:`staff|abc`,`studies`:[`s1`]},"                                  \
    "{`source`:`ward`,`performer`:`Practitioner/9`,`studies`:[`another`]}]}"
#define DECISION(id, criterion, answer, date, performer)                                           \
    "{`resource`:{`resourceType`:`Observation`,`id`:`" id "`,`status`:`final`,`code`:{`coding`:[{" \
    "`system`:`crit`,`code`:`" criterion "`}]},`subject`:{`reference`:`Patient/p`},"               \
    "`effectiveDateTime`:`" date "`,`valueString`:`" answer "`,`performer`:[" performer "]}}"
#define SCORE(value)                                                                               \
    ",{`resource`:{`resourceType`:`Observation`,`id`:`s`,`status`:`final`,`code`:{`coding`:[{"     \
    "`system`:`x`,`code`:`y`}]},`subject`:{`reference`:`Patient/p`},`effectiveDateTime`:"          \
    "`2025-02-01`,`valueQuantity`:{`value`:" value "}}}"
#define BUNDLE(entries) "{`resourceType`:`Bundle`,`type`:`collection`,`entry`:[" entries "]}"
#define NURSE           "{`reference`:`Practitioner/17`}"
#define DOCTOR          "{`identifier`:{`system`:`staff`,`value`:`abc`}}"
#define OTHER           "{`reference`:`Practitioner/9`}"

static verdict decided(kit *k, str feed, const char *bundle) {
    verdict v = {0};
    message m = kit_message(k, bundle);
    record_row rows[16];
    isize n = 0;
    for (isize pass = 0; pass < mappings_view_count(k->set); pass++) /* in the order of views */
        for (isize i = 0; i < m.n; i++)
            for (isize r = 0; r < m.entries[i].row_count && n < COUNT_OF(rows); r++)
                if (m.entries[i].rows[r].view == pass)
                    rows[n++] = (record_row){.view = view_name(mappings_view(k->set, pass)),
                                             .source = arena_printf(&k->arena, "Observation/%.*s",
                                                                    STR_ARGS(m.entries[i].id)),
                                             .cells = m.entries[i].rows[r].cells};
    tape *record = arena_new(&k->arena, tape, 1);
    record_build(k->set, &k->arena, feed, rows, n, kit_now(), &k->found, record);
    verdict_decide(k->set, mappings_study(k->set, 0), &k->arena, record, kit_now(), &v);
    return v;
}

static void expect(kit *k, const char *bundle, const char *criterion, result result, reason why) {
    verdict v = decided(k, S("ward"), bundle);
    const finding *f = kit_finding(&v, criterion);
    if (!CHECK(f != NULL)) return;
    CHECK_TEXT(result_name(f->result), result_name(result).p);
    CHECK_INT(f->reason, why);
}

static bool load(kit *k) {
    files(k, SITE);
    if (CHECK(kit_load(k) != NULL)) return true;
    kit_show(k);
    return false;
}

static void settles_step(kit *k) {
    if (!load(k)) return;
    expect(k, BUNDLE(DECISION("a", "H", "met", "2025-02-01", NURSE)), "H", RESULT_MET, REASON_NONE);
    expect(k, BUNDLE(DECISION("a", "H", "not-met", "2025-02-01", DOCTOR)), "H", RESULT_NOT_MET,
           REASON_NONE);
    expect(k, BUNDLE(DECISION("a", "D", "met", "2025-02-01", NURSE)), "D", RESULT_MET, REASON_NONE);
    verdict v = decided(k, S("ward"), BUNDLE(DECISION("a", "H", "met", "2025-02-01", NURSE)));
    const finding *f = kit_finding(&v, "H");
    if (!CHECK(f->asserted != NULL)) return;
    CHECK_TEXT(f->asserted->by, "Practitioner/17");
    CHECK_TEXT(f->asserted->at, "2025-02-01");
    CHECK_TEXT(f->asserted->feed, "ward");
    CHECK_TEXT(f->asserted->source, "Observation/a");
    CHECK_INT(f->evidence_count, 1);
    CHECK_TEXT(f->evidence[0], "Observation/a");
}
static void a_listed_author_settles_an_unknown(void) { kit_run(settles_step); }

static void ignored(kit *k, str feed, const char *bundle, const char *why) {
    verdict v = decided(k, feed, bundle);
    const finding *f = kit_finding(&v, "H");
    CHECK_INT(f->result, RESULT_UNKNOWN);
    CHECK_INT(f->reason, REASON_NEEDS_HUMAN);
    CHECK(!f->asserted);
    CHECK_MSG(str_find(f->detail, str_from(why), 0) >= 0, "%.*s", STR_ARGS(f->detail));
}

static void ignored_step(kit *k) {
    if (!load(k)) return;
    ignored(k, S("ward"), BUNDLE(DECISION("a", "H", "met", "2025-02-01", OTHER)), "not listed");
    ignored(k, S("lab"), BUNDLE(DECISION("a", "H", "met", "2025-02-01", NURSE)), "not listed");
    ignored(k, S(""), BUNDLE(DECISION("a", "H", "met", "2025-02-01", NURSE)), "not listed");
    ignored(k, S("ward"), BUNDLE(DECISION("a", "H", "yes", "2025-02-01", NURSE)), "neither met");
    ignored(k, S("ward"), BUNDLE(DECISION("a", "H", "met", "2025-03-02", NURSE)), "dated after");
}
static void others_are_reported_and_ignored(void) { kit_run(ignored_step); }

static void never_step(kit *k) {
    if (!load(k)) return;
    const char *not_met = BUNDLE(DECISION("a", "D", "met", "2025-02-01", NURSE) SCORE("3"));
    expect(k, not_met, "D", RESULT_NOT_MET, REASON_NONE);
    verdict v = decided(k, S("ward"), not_met);
    CHECK(str_find(kit_finding(&v, "D")->detail, S("data on record count"), 0) >= 0);
    expect(k, BUNDLE(DECISION("a", "W", "met", "2025-02-01", NURSE)), "W", RESULT_UNKNOWN,
           REASON_SOURCE_INCOMPLETE);
}
static void data_and_open_windows_stand(void) { kit_run(never_step); }

static void newest_step(kit *k) {
    if (!load(k)) return;
    expect(k,
           BUNDLE(DECISION("a", "H", "met", "2025-02-01",
                           NURSE) "," DECISION("b", "H", "not-met", "2025-02-02", DOCTOR)),
           "H", RESULT_NOT_MET, REASON_NONE);
    expect(k,
           BUNDLE(DECISION("a", "H", "not-met", "2025-02-03",
                           NURSE) "," DECISION("b", "H", "met", "2025-02-02", DOCTOR)),
           "H", RESULT_NOT_MET, REASON_NONE);
    expect(k,
           BUNDLE(DECISION("a", "H", "met", "2025-02-02",
                           NURSE) "," DECISION("b", "H", "not-met", "2025-02-02", DOCTOR)),
           "H", RESULT_UNKNOWN, REASON_CONFLICT);
    expect(k,
           BUNDLE(DECISION("a", "H", "met", "2025-02", NURSE) "," DECISION("b", "H", "not-met",
                                                                           "2025-02-02", DOCTOR)),
           "H", RESULT_UNKNOWN, REASON_CONFLICT);
}
static void the_newest_counts_and_equals_conflict(void) { kit_run(newest_step); }

static void stale_step(kit *k) {
    if (!load(k)) return;
    record_row row = {.view = S("decision"), .source = S("Observation/a"), .stale = true};
    tape record;
    verdict v;
    record_build(k->set, &k->arena, S("ward"), &row, 1, kit_now(), &k->found, &record);
    verdict_decide(k->set, mappings_study(k->set, 0), &k->arena, &record, kit_now(), &v);
    CHECK_INT(kit_finding(&v, "H")->reason, REASON_STALE_MAPPING);
}
static void a_decision_of_an_earlier_mapping_waits(void) { kit_run(stale_step); }

static void json_step(kit *k) {
    if (!load(k)) return;
    verdict v = decided(k, S("ward"), BUNDLE(DECISION("a", "H", "met", "2025-02-01", NURSE)));
    buf out = buf_new(&k->arena, 1 << 16, "a verdict");
    verdict_json(&v, &out);
    str expected =
        kit_text(k, "{`id`:`H`,`result`:`met`,`reason`:null,`evidence`:[`Observation/a`],"
                    "`asserted`:{`by`:`Practitioner/17`,`at`:`2025-02-01`,`feed`:`ward`,"
                    "`source`:`Observation/a`}}");
    CHECK(str_find(buf_str(&out), expected, 0) > 0);
}
static void who_and_when_is_in_the_verdict(void) { kit_run(json_step); }

static void mistake(kit *k, const char *list, const char *place, const char *text) {
    files(k, arena_printf(&k->arena, "{`schema`:1,`id`:`here`,`assertions`:%s}", list).p);
    k->found = problems_new(&k->arena);
    CHECK(kit_load(k) == NULL);
    for (isize i = 0; i < k->found.n; i++)
        if (str_find(k->found.list[i].text, str_from(text), 0) >= 0) {
            CHECK_TEXT(k->found.list[i].place, place);
            return;
        }
    CHECK_MSG(false, "nothing says \"%s\"", text);
    kit_show(k);
}

static void mistakes_step(kit *k) {
    mistake(k, "[1]", "/assertions/0", "must be an object");
    mistake(k, "[{}]", "/assertions/0", "needs \"source\"");
    mistake(k, "[{`source`:`ward`}]", "/assertions/0", "needs \"performer\"");
    mistake(k, "[{`source`:`ward`,`performer`:`Miller`}]", "/assertions/0/performer",
            "neither a reference nor an identifier");
    mistake(k, "[{`source`:`ward`,`performer`:`Practitioner/1`,`study`:`s1`}]",
            "/assertions/0/study", "study");
    mistake(k, "[{`source`:`ward`,`performer`:`Practitioner/1`,`studies`:[1]}]",
            "/assertions/0/studies/0", "array of study ids");
    mistake(k, "[{`source`:`ward`,`performer`:`Practitioner/1`,`studies`:[`s2`]}]",
            "/assertions/0/studies/0", "no study 's2'");
}
static void mistakes_in_the_list_are_found(void) { kit_run(mistakes_step); }

const unit_test trial_assertion_suite[] = {UNIT_TEST(a_listed_author_settles_an_unknown),
                                           UNIT_TEST(others_are_reported_and_ignored),
                                           UNIT_TEST(data_and_open_windows_stand),
                                           UNIT_TEST(the_newest_counts_and_equals_conflict),
                                           UNIT_TEST(a_decision_of_an_earlier_mapping_waits),
                                           UNIT_TEST(who_and_when_is_in_the_verdict),
                                           UNIT_TEST(mistakes_in_the_list_are_found),
                                           UNIT_END};
