/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that share a commit give what each would give alone; one that fails fails by itself. */
#include "plugin_kit.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

static void add(plugin_kit *k, submitted *to, const char *text) {
    *to = (submitted){str_from(text), &k->meta, k->now, {0, NULL, 0}};
}

static void show(plugin_kit *k, submitted *from) {
    k->code = from->reply.code;
    snprintf(k->text, sizeof k->text, "%.*s", (int)from->reply.n,
             from->reply.document ? from->reply.document : "");
    free(from->reply.document);
}

#define PATIENT(id) "{\"resourceType\":\"Patient\",\"id\":\"" id "\",\"birthDate\":\"1960-01-01\"}"
#define SCORE(id, value)                                                                           \
    "{\"resourceType\":\"Observation\",\"id\":\"" id "-o\",\"status\":\"final\",\"subject\":{"     \
    "\"reference\":\"Patient/" id "\"},\"code\":{\"coding\":[{\"code\":\"score\"}]},"              \
    "\"valueQuantity\":{\"value\":" value "}}"

static void each_sees_what_those_before_it_wrote(void) {
    plugin_kit k;
    submitted list[3];
    CHECK_OR_RETURN(plugin_open(&k, "batch-order", ""));
    add(&k, &list[0], PATIENT("a"));
    add(&k, &list[1], SCORE("a", "5"));
    add(&k, &list[2], SCORE("a", "5"));
    process_batch(k.instance, list, 3);
    show(&k, &list[0]);
    CHECK_TOLD(&k, "`verdict`:`not-screened`");
    show(&k, &list[1]);
    CHECK_TOLD(&k, "`verdict`:`eligible`");
    CHECK_TOLD(&k, "`why`:`created`");
    show(&k, &list[2]);
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK_TOLD(&k, "`written`:0");
    plugin_close(&k);
}

/* What was under way again when the process died twice, and had its result long before. */
static void a_stored_result_comes_before_quarantine(void) {
    plugin_kit k;
    submitted list[2];
    uint8_t sha256[DIGEST_BYTES];
    CHECK_OR_RETURN(plugin_open(&k, "batch-quarantine", ""));
    k.meta.id = S("m1");
    plugin_feed(&k, "{`resourceType`:`Patient`,`id`:`a`,`birthDate`:`1960-01-01`}");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK(deliver_digest()->sha256(str_from(PATIENT("a")), sha256));
    for (int i = 0, mark; i < 2; i++) { /* the end without store_inflight_end is a death */
        CHECK(store_inflight_begin(k.instance->store, sha256, &mark));
        plugin_close(&k);
        CHECK_OR_RETURN(plugin_reopen(&k));
    }
    CHECK_INT(store_quarantined(k.instance->store), 1);
    message_meta other = {.id = S("m2")};
    add(&k, &list[0], PATIENT("a"));
    list[1] = list[0];
    list[1].meta = &other;
    process_batch(k.instance, list, 2);
    show(&k, &list[0]);
    CHECK_INT(k.code, FHIRTRIAL_OK);
    show(&k, &list[1]);
    CHECK_INT(k.code, FHIRTRIAL_E_REJECT);
    CHECK_TOLD(&k, "quarantine");
    plugin_close(&k);
}

static void one_that_fails_fails_alone(void) {
    plugin_kit k;
    submitted list[3];
    CHECK_OR_RETURN(plugin_open(&k, "batch-fail", ""));
    add(&k, &list[0], PATIENT("a"));
    add(&k, &list[1], "{\"resourceType\":");
    add(&k, &list[2], PATIENT("c"));
    process_batch(k.instance, list, 3);
    CHECK_INT(list[0].reply.code, FHIRTRIAL_OK);
    CHECK_INT(list[1].reply.code, FHIRTRIAL_E_PARSE);
    CHECK_INT(list[2].reply.code, FHIRTRIAL_OK);
    for (int i = 0; i < 3; i++) free(list[i].reply.document);
    plugin_ask(&k, "record?patient=a");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    plugin_ask(&k, "record?patient=c");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    plugin_close(&k);
}

static void a_batch_of_one_and_of_none(void) {
    plugin_kit k;
    submitted one;
    CHECK_OR_RETURN(plugin_open(&k, "batch-one", ""));
    add(&k, &one, PATIENT("a"));
    process_batch(k.instance, &one, 0);
    CHECK(one.reply.document == NULL);
    process_batch(k.instance, &one, 1);
    show(&k, &one);
    CHECK_INT(k.code, FHIRTRIAL_OK);
    plugin_close(&k);
}

/* More than are read ahead of one transaction. */
static void many_are_all_answered(void) {
    enum { MANY = 300 };
    static char texts[MANY][128];
    plugin_kit k;
    submitted list[MANY];
    CHECK_OR_RETURN(plugin_open(&k, "batch-many", ""));
    for (int i = 0; i < MANY; i++) {
        snprintf(texts[i], sizeof texts[i], "{\"resourceType\":\"Patient\",\"id\":\"p%d\"}", i);
        add(&k, &list[i], texts[i]);
    }
    process_batch(k.instance, list, MANY);
    for (int i = 0; i < MANY; i++) {
        CHECK_INT(list[i].reply.code, FHIRTRIAL_OK);
        free(list[i].reply.document);
    }
    plugin_ask(&k, "stats");
    CHECK_TOLD(&k, "`messages`:300");
    plugin_ask(&k, "audit.verify");
    CHECK_TOLD(&k, "`intact`:true");
    plugin_close(&k);
}

const unit_test plugin_batch_suite[] = {UNIT_TEST(each_sees_what_those_before_it_wrote),
                                        UNIT_TEST(a_stored_result_comes_before_quarantine),
                                        UNIT_TEST(one_that_fails_fails_alone),
                                        UNIT_TEST(a_batch_of_one_and_of_none),
                                        UNIT_TEST(many_are_all_answered),
                                        UNIT_END};
