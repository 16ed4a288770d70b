/* SPDX-License-Identifier: Apache-2.0 */
/* Texts beyond 1 MiB: whole for the resource's content, unseen by views, and an issue only where a
 * view would have seen one (contracts.md, Messages). */
#include "fhir/read.h"
#include "trial_kit.h"

enum { LONG = LIMIT_STRING_BYTES + 1 };

static void prepare(kit *k) {
    kit_file(k, "core/views/texts.json",
             "{`resourceType`:`ViewDefinition`,`name`:`texts`,`resource`:`Observation`,`select`:[{"
             "`column`:[{`name`:`value`,`type`:`string`,`path`:`value.ofType(string)`},"
             "{`name`:`code`,`type`:`CodeableConcept`,`path`:`code`},"
             "{`name`:`status`,`type`:`code`,`path`:`status`}]}]}");
    if (!CHECK(kit_load(k) != NULL)) kit_show(k);
}

static str filled(kit *k, isize n, char with) {
    char *text = arena_new(&k->arena, char, n);
    memset(text, with, (size_t)n);
    return (str){text, n};
}

/* An Observation with these texts, read without a limit of its own. */
static message observation(kit *k, str note, str value, str code) {
    tape *t = arena_new(&k->arena, tape, 1);
    read_options options = {.max_string = LIMIT_MESSAGE_BYTES};
    message m;
    fault fault;
    str text = arena_printf(
        &k->arena,
        "{\"resourceType\":\"Observation\",\"id\":\"o\",\"status\":\"final\",\"code\":{\"text\":"
        "\"%.*s\"},\"subject\":{\"reference\":\"Patient/p\"},\"note\":[{\"text\":\"%.*s\"}],"
        "\"valueString\":\"%.*s\"}",
        STR_ARGS(code), STR_ARGS(note), STR_ARGS(value));
    k->found = problems_new(&k->arena);
    CHECK_MSG(read_resource(&k->arena, text, &options, &k->found, t, &fault), "%s", fault.text);
    message_extract(k->set, &k->arena, t, &kit_digest, kit_now(), &k->found, &m);
    return m;
}

static void unreached_step(kit *k) {
    prepare(k);
    message m = observation(k, filled(k, LONG, 'x'), S("v"), S("c"));
    CHECK_INT(k->found.n, 0);
    CHECK_TEXT(m.entries[0].rows[0].cells, "[\"v\",{\"text\":\"c\"},\"final\"]");
    message other = observation(k, filled(k, LONG, 'y'), S("v"), S("c"));
    CHECK(!str_eq(m.entries[0].content, other.entries[0].content));
}
static void what_no_view_reaches_is_passed_over_in_silence(void) { kit_run(unreached_step); }

static void reached_step(kit *k) {
    prepare(k);
    message m = observation(k, S("n"), filled(k, LONG, 'x'), S("c"));
    CHECK_INT(k->found.errors, 1);
    CHECK(kit_found(k, "limit of 1 MiB"));
    CHECK_TEXT(k->found.list[0].place, "/valueString");
    CHECK_TEXT(m.entries[0].rows[0].cells, "[null,{\"text\":\"c\"},\"final\"]");
    message other = observation(k, S("n"), filled(k, LONG, 'y'), S("c"));
    CHECK(!str_eq(m.entries[0].content, other.entries[0].content));
}
static void what_a_view_reaches_is_hidden_and_said(void) { kit_run(reached_step); }

/* A cell that holds the whole element must not copy it from the source either. */
static void inside_step(kit *k) {
    prepare(k);
    message m = observation(k, S("n"), S("v"), filled(k, LONG, 'x'));
    CHECK_TEXT(k->found.list[0].place, "/code/text");
    CHECK(m.entries[0].rows[0].cells.n < 100);
    CHECK(str_ends(m.entries[0].rows[0].cells, S("\"final\"]")));
}
static void a_cell_around_it_does_not_hold_it(void) { kit_run(inside_step); }

static void just_fits_step(kit *k) {
    prepare(k);
    message m = observation(k, S("n"), filled(k, LIMIT_STRING_BYTES / 2, 'x'), S("c"));
    CHECK_INT(k->found.n, 0);
    CHECK(m.entries[0].rows[0].cells.n > LIMIT_STRING_BYTES / 2);
}
static void a_shorter_one_is_a_value(void) { kit_run(just_fits_step); }

const unit_test trial_long_text_suite[] = {
    UNIT_TEST(what_no_view_reaches_is_passed_over_in_silence),
    UNIT_TEST(what_a_view_reaches_is_hidden_and_said),
    UNIT_TEST(a_cell_around_it_does_not_hold_it),
    UNIT_TEST(a_shorter_one_is_a_value),
    UNIT_END,
};
