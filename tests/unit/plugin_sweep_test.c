/* SPDX-License-Identifier: Apache-2.0 */
/* What no message brings: rows made again after a reload, Flags whose hold is over. */
#include "plugin_kit.h"
#include "unit.h"

#include <sqlite3.h>
#include <stdio.h>

/* The next look, whatever the pause between two. */
static bool sweep(plugin_kit *k) {
    k->instance->next_sweep_ms = 0;
    return sweep_some(k->instance);
}

static void it_takes_its_turn_once_in_a_while(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "sweep-turn", ""));
    CHECK(sweep_due(k.instance));
    CHECK(!sweep_some(k.instance)); /* nothing to do */
    CHECK(!sweep_due(k.instance));
    plugin_close(&k);
}

static void a_hold_ends_when_its_days_are_over(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "sweep-hold", ""));
    plugin_eligible(&k, "a");
    plugin_observe(&k, "a-score", "a", "1", "score", "");
    CHECK_TOLD(&k, "`why`:`hold-begins`");
    plugin_advance(&k, 7 * 86400 - 1);
    sweep(&k);
    plugin_ask(&k, "explain?patient=a&study=s1");
    CHECK_TOLD(&k, "`status`:`active`");
    plugin_advance(&k, 3600);
    sweep(&k);
    plugin_ask(&k, "explain?patient=a&study=s1");
    CHECK_TOLD(&k, "`status`:`inactive`");
    CHECK_TOLD(&k, "`why`:`hold-over`");
    plugin_close(&k);
}

/* A view under which every score is 3 less. */
static void change_mapping(plugin_kit *k) {
    plugin_mapping(k, "core/views/obs.json",
                   "{`resourceType`:`ViewDefinition`,`name`:`obs`,`status`:`active`,`resource`:"
                   "`Observation`,`select`:[{`column`:["
                   "{`name`:`score`,`type`:`decimal`,`path`:`value.ofType(Quantity).value - 3`},"
                   "{`name`:`tag`,`type`:`code`,`collection`:true,`path`:`code.coding.code`}]}]}");
    plugin_configure(k, "");
}

static void rows_are_made_again_by_the_new_mapping(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "sweep-rows", ""));
    plugin_eligible(&k, "a");
    change_mapping(&k);
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK(sweep_due(k.instance)); /* at once after a reload */
    sweep(&k);
    sweep(&k);
    plugin_ask(&k, "record?patient=a");
    CHECK_TOLD(&k, "`score`:2");
    plugin_ask(&k, "explain?patient=a&study=s1");
    CHECK_TOLD(&k, "`verdict`:`ineligible`");
    CHECK_NOT_TOLD(&k, "stale-mapping");
    plugin_close(&k);
}

static void alter(const plugin_kit *k, const char *sql) {
    char path[600];
    sqlite3 *handle = NULL;
    snprintf(path, sizeof path, "%s/fhirtrial.db", k->folder);
    CHECK_INT(sqlite3_open(path, &handle), SQLITE_OK);
    CHECK_INT(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

static void kept_bytes_that_are_damaged_stop_nobody_else(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "sweep-damage", ""));
    plugin_eligible(&k, "a");
    plugin_eligible(&k, "b");
    alter(&k, "UPDATE kept SET bytes = X'00' WHERE resource ="
              " (SELECT pk FROM resource WHERE id = 'a-score')");
    change_mapping(&k);
    sweep(&k);
    sweep(&k);
    plugin_ask(&k, "record?patient=b");
    CHECK_TOLD(&k, "`score`:2");
    plugin_ask(&k, "explain?patient=a&study=s1");
    CHECK_TOLD(&k, "stale-mapping");
    plugin_close(&k);
}

/* A newer state that comes between the sweep's look and its turn stays. */
static void a_newer_state_is_not_replaced_by_the_one_before(void) {
    plugin_kit k;
    stale_resource *list;
    isize n;
    arena a;
    fault fault;
    CHECK_OR_RETURN(plugin_open(&k, "sweep-newer", ""));
    plugin_patient(&k, "a", "");
    plugin_observe(&k, "o", "a", "3", "score", "`versionId`:`1`");
    arena_init(&a, 1 << 20, NULL);
    CHECK_INT(store_stale(k.instance->store, &a, S("another"), 9, &list, &n, &fault), STORE_OK);
    for (isize i = 0; i < n; i++)
        CHECK_INT(store_stale_bytes(k.instance->store, &a, &list[i], &fault), STORE_OK);
    plugin_observe(&k, "o", "a", "5", "score", "`versionId`:`2`");
    CHECK_TOLD(&k, "`verdict`:`eligible`");
    for (isize i = 0; i < n; i++) CHECK(process_stale(k.instance, &list[i]) >= 0);
    plugin_ask(&k, "record?patient=a");
    CHECK_TOLD(&k, "`score`:5");
    CHECK_NOT_TOLD(&k, "`score`:3");
    arena_release(&a);
    plugin_close(&k);
}

static void a_birthday_changes_a_verdict(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "sweep-birthday", ""));
    plugin_feed(&k, "{`resourceType`:`Patient`,`id`:`a`,`birthDate`:`2007-07-01`}");
    plugin_observe(&k, "o", "a", "5", "score", "");
    CHECK_TOLD(&k, "`verdict`:`ineligible`");
    plugin_advance(&k, 86400);
    sweep(&k);
    plugin_ask(&k, "explain?patient=a&study=s1");
    CHECK_TOLD(&k, "`verdict`:`eligible`");
    CHECK_TOLD(&k, "`why`:`created`");
    plugin_close(&k);
}

const unit_test plugin_sweep_suite[] = {UNIT_TEST(it_takes_its_turn_once_in_a_while),
                                        UNIT_TEST(a_hold_ends_when_its_days_are_over),
                                        UNIT_TEST(rows_are_made_again_by_the_new_mapping),
                                        UNIT_TEST(kept_bytes_that_are_damaged_stop_nobody_else),
                                        UNIT_TEST(a_newer_state_is_not_replaced_by_the_one_before),
                                        UNIT_TEST(a_birthday_changes_a_verdict),
                                        UNIT_END};
