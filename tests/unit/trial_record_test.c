/* SPDX-License-Identifier: Apache-2.0 */
/* The patient record: its canonical text, derived views in the order of what they mention, zones,
 * the names of expressions, rows that do not fit. */
#include "trial_kit.h"

static tape build(kit *k, const record_row *rows, isize n) {
    tape out = {0};
    if (!CHECK(kit_load(k) != NULL)) {
        kit_show(k);
        return out;
    }
    record_build(k->set, &k->arena, (str){0}, rows, n, kit_now(), &k->found, &out);
    return out;
}

static void is(kit *k, const tape *record, const char *expected) {
    str text = kit_record_text(k, record), want = kit_text(k, expected);
    CHECK_TEXT(text, arena_printf(&k->arena, "%.*s", STR_ARGS(want)).p);
}

static record_row obs_row(const char *source, const char *cells) {
    return (record_row){.view = S("obs"),
                        .source = str_from(source),
                        .version = S("1"),
                        .updated = S("2025-01-01T00:00:00Z"),
                        .cells = str_from(cells)};
}

static void text_step(kit *k) {
    kit_views(k);
    record_row row = obs_row("Observation/o", "[\"7.60\",{\"system\":\"s\",\"code\":\"c\"},"
                                              "\"2025-03\",[\"a\",\"b\"],null]");
    tape record = build(k, &row, 1);
    is(k, &record,
       "{`obs`:[{`code`:{`code`:`c`,`system`:`s`},`effective`:`2025-03`,`score`:7.60,`source`:"
       "`Observation/o`,`sourceUpdated`:`2025-01-01T00:00:00Z`,`sourceVersion`:`1`,`tag`:[`a`,"
       "`b`]}],`resourceType`:`Record`}");
}
static void the_text_is_canonical_and_keeps_digits(void) { kit_run(text_step); }

static void nothing_step(kit *k) {
    kit_views(k);
    tape record = build(k, NULL, 0);
    is(k, &record, "{`resourceType`:`Record`}");
}
static void nothing_known_is_an_empty_record(void) { kit_run(nothing_step); }

#define DERIVED(name, each, columns)                                                               \
    "{`name`:`" name "`,`resource`:`Record`,`select`:[{`forEach`:`" each "`,`column`:[" columns    \
    "]}]}"
#define SCORE "{`name`:`score`,`type`:`decimal`,`path`:`score`}"

static void derived_step(kit *k) {
    kit_views(k);
    kit_file(k, "core/views/a.json", DERIVED("aa", "zz.where(score > 3)", SCORE));
    kit_file(k, "core/views/z.json",
             DERIVED("zz", "obs.where(score > 1)",
                     SCORE ",{`name`:`source`,`type`:`string`,`collection`:true,`path`:`source`}"));
    record_row rows[] = {obs_row("Observation/1", "[\"1\",null,null,[],null]"),
                         obs_row("Observation/2", "[\"2\",null,null,[],null]"),
                         obs_row("Observation/4", "[\"4\",null,null,[],null]")};
    tape record = build(k, rows, 3);
    str text = kit_record_text(k, &record);
    CHECK(str_find(text, kit_text(k, "`aa`:[{`score`:4}]"), 0) >= 0);
    CHECK(str_find(text,
                   kit_text(k, "`zz`:[{`score`:2,`source`:[`Observation/2`]},{`score`:4,`source`:["
                               "`Observation/4`]}]"),
                   0) >= 0);
}
static void derived_views_run_after_what_they_mention(void) { kit_run(derived_step); }

static void failed_step(kit *k) {
    kit_views(k);
    kit_file(k, "core/views/a.json",
             DERIVED("aa", "obs.where(%resource.obs.select(score).single() > 0)", SCORE));
    record_row rows[] = {obs_row("Observation/1", "[\"1\",null,null,[],null]"),
                         obs_row("Observation/2", "[\"2\",null,null,[],null]")};
    tape record = build(k, rows, 2);
    CHECK(str_find(kit_record_text(k, &record), kit_text(k, "`failedView`:[`aa`]"), 0) >= 0);
    CHECK(kit_found(k, "derived view aa"));
}
static void a_derived_view_that_fails_is_named(void) { kit_run(failed_step); }

static void zone_step(kit *k) {
    kit_views(k);
    kit_file(k, "sites/here/site.json", "{`schema`:1,`id`:`here`,`defaultZone`:`+01:00`}");
    record_row rows[] = {
        obs_row("Observation/1", "[null,null,\"2025-03-01T10:00:00\",[],null]"),
        obs_row("Observation/2", "[null,null,\"2025-03-01T10:00:00-05:00\",[],null]"),
        obs_row("Observation/3", "[null,null,\"2025-03-01\",[],null]"),
        obs_row("Observation/4", "[null,null,\"2025-03-01T10:00:00Z\",[],null]")};
    tape record = build(k, rows, 4);
    str text = kit_record_text(k, &record);
    CHECK(str_find(text, S("\"2025-03-01T10:00:00+01:00\""), 0) >= 0);
    CHECK(str_find(text, S("\"2025-03-01T10:00:00-05:00\""), 0) >= 0);
    CHECK(str_find(text, S("\"2025-03-01\""), 0) >= 0);
    CHECK(str_find(text, S("\"2025-03-01T10:00:00Z\""), 0) >= 0);
}
static void the_default_zone_is_for_times_without_one(void) { kit_run(zone_step); }

static void misfit(kit *k, const char *cells) {
    record_row row = obs_row("Observation/o", cells);
    tape record;
    isize before = k->found.n;
    record_build(k->set, &k->arena, (str){0}, &row, 1, kit_now(), &k->found, &record);
    is(k, &record,
       "{`obs`:[{`source`:`Observation/o`,`sourceError`:true,`sourceUpdated`:`2025-01-01T00:00:00Z`"
       ",`sourceVersion`:`1`}],`resourceType`:`Record`}");
    CHECK_MSG(k->found.n == before + 1, "nothing is said of %s", cells);
}

static void misfit_step(kit *k) {
    kit_views(k);
    if (!CHECK(kit_load(k) != NULL)) kit_show(k);
    misfit(k, "[null,null]");                      /* too few cells */
    misfit(k, "[\"x\",null,null,[],null]");        /* no decimal */
    misfit(k, "[\"1\",null,null,[],null");         /* cut off */
    misfit(k, "{}");                               /* no array */
    misfit(k, "[\"1\",{\"cod\":1},null,[],null]"); /* no Coding */
}
static void a_row_that_does_not_fit_is_marked(void) { kit_run(misfit_step); }

static void stale_step(kit *k) {
    kit_views(k);
    record_row row = obs_row("Observation/o", "[\"of another time\"]");
    row.stale = true;
    tape record = build(k, &row, 1);
    is(k, &record,
       "{`obs`:[{`source`:`Observation/o`,`sourceStale`:true,`sourceUpdated`:`2025-01-01T00:00:00Z`"
       ",`sourceVersion`:`1`}],`resourceType`:`Record`}");
}
static void a_stale_row_has_no_cells(void) { kit_run(stale_step); }

static void gone_step(kit *k) {
    kit_views(k);
    record_row row = obs_row("Observation/o", "[]");
    row.view = S("no_such_view");
    tape record = build(k, &row, 1);
    is(k, &record, "{`resourceType`:`Record`}");
}
static void rows_of_a_view_that_is_gone_are_left_out(void) { kit_run(gone_step); }

/* %today, %now and %screening: 23:30 UTC is the next day in Berlin. */
static void names_step(kit *k) {
    when now = {0};
    kit_views(k);
    kit_file(k, "core/views/t.json",
             "{`name`:`tt`,`resource`:`Record`,`select`:[{`column`:[{`name`:`today`,`type`:`date`,"
             "`path`:`%today`},{`name`:`now`,`type`:`dateTime`,`path`:`%now`},{`name`:`screening`,"
             "`type`:`date`,`path`:`%screening`},{`name`:`same`,`type`:`boolean`,`path`:`%today = "
             "today()`}]}]}");
    if (!CHECK(kit_load(k) != NULL)) kit_show(k);
    when_parse_datetime(S("2025-03-02T00:30:00+01:00"), &now);
    tape record;
    record_build(k->set, &k->arena, (str){0}, NULL, 0, now, &k->found, &record);
    is(k, &record,
       "{`resourceType`:`Record`,`tt`:[{`now`:`2025-03-02T00:30:00+01:00`,`same`:true,`screening`:"
       "`2025-03-02`,`today`:`2025-03-02`}]}");
}
static void the_clock_comes_in_with_the_sites_zone(void) { kit_run(names_step); }

static void screening_step(kit *k) {
    kit_views(k);
    kit_file(k, "studies/s1/protocol.json",
             "{`schema`:1,`id`:`s1`,`identifier`:{`system`:`s`,`value`:`T1`},`title`:`t`,`status`:"
             "`active`,`circumstances`:{`dead`:`false`,`consentDenied`:`false`,`enrolled`:`false`,"
             "`screeningDate`:`obs.effective.first()`},`screening`:[`A`],`criteria`:[{`id`:`A`,"
             "`kind`:`inclusion`,`text`:`x`,`evidence`:`obs`,`met`:`%screening = @2025-01-15`}]}");
    record_row row = obs_row("Observation/o", "[null,null,\"2025-01-15T09:00:00Z\",[],null]");
    tape record = build(k, &row, 1);
    verdict v;
    verdict_decide(k->set, mappings_study(k->set, 0), &k->arena, &record, kit_now(), &v);
    CHECK_INT(kit_finding(&v, "A")->result, RESULT_MET);
}
static void the_record_may_give_the_screening_date(void) { kit_run(screening_step); }

const unit_test trial_record_suite[] = {UNIT_TEST(the_text_is_canonical_and_keeps_digits),
                                        UNIT_TEST(nothing_known_is_an_empty_record),
                                        UNIT_TEST(derived_views_run_after_what_they_mention),
                                        UNIT_TEST(a_derived_view_that_fails_is_named),
                                        UNIT_TEST(the_default_zone_is_for_times_without_one),
                                        UNIT_TEST(a_row_that_does_not_fit_is_marked),
                                        UNIT_TEST(a_stale_row_has_no_cells),
                                        UNIT_TEST(rows_of_a_view_that_is_gone_are_left_out),
                                        UNIT_TEST(the_clock_comes_in_with_the_sites_zone),
                                        UNIT_TEST(the_record_may_give_the_screening_date),
                                        UNIT_END};
