/* SPDX-License-Identifier: Apache-2.0 */
/* One message from bytes to commit (contracts.md, Messages; Store and concurrency). */
#include "plugin_kit.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct reading {
    arena arena;
    landing landing;
    const char *text;
    message_meta meta;
    bool ok;
} reading;

static void meta_step(void *state) {
    reading *r = state;
    r->ok = meta_read(&r->arena, r->text, &r->meta);
}

static bool meta_of(const char *text, message_meta *meta) {
    reading r = {.text = text};
    arena_init(&r.arena, 1 << 20, &r.landing);
    CHECK(guarded(&r.landing, meta_step, &r));
    if (meta) *meta = r.meta;
    arena_release(&r.arena);
    return r.ok;
}

static void the_keys_of_meta_are_closed(void) {
    CHECK(meta_of(NULL, NULL));
    CHECK(meta_of("{\"source\":\"lab\",\"messageId\":\"m\",\"key\":\"p\",\"contentType\":\"c\","
                  "\"traceparent\":\"t\"}",
                  NULL));
    CHECK(meta_of("{\"source\":null}", NULL));
    CHECK(!meta_of("{\"Source\":\"lab\"}", NULL));
    CHECK(!meta_of("{\"priority\":\"1\"}", NULL));
    CHECK(!meta_of("{\"source\":1}", NULL));
    CHECK(!meta_of("[]", NULL));
    CHECK(!meta_of("{", NULL));
}

static void the_same_id_and_bytes_get_the_stored_result(void) {
    plugin_kit k;
    char first[sizeof k.text];
    CHECK_OR_RETURN(plugin_open(&k, "process-same", ""));
    k.meta.id = S("m-1");
    plugin_patient(&k, "a", "");
    snprintf(first, sizeof first, "%s", k.text);
    plugin_advance(&k, 3600);
    plugin_patient(&k, "a", "");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK_STR(k.text, first); /* byte by byte, with the clock of then */
    plugin_close(&k);
}

static void the_same_id_with_other_bytes_is_refused(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "process-other", ""));
    k.meta.id = S("m-1");
    plugin_patient(&k, "a", "");
    plugin_patient(&k, "b", "");
    CHECK_INT(k.code, FHIRTRIAL_E_REJECT);
    CHECK_TOLD(&k, "this message id was used before for other bytes");
    plugin_ask(&k, "record?patient=b");
    CHECK_INT(k.code, FHIRTRIAL_NOMATCH);
    plugin_close(&k);
}

static void a_refusal_is_remembered_under_its_id(void) {
    plugin_kit k;
    char first[sizeof k.text];
    CHECK_OR_RETURN(plugin_open(&k, "process-refusal", ""));
    k.meta.id = S("m-1");
    plugin_feed(&k, "{");
    CHECK_INT(k.code, FHIRTRIAL_E_PARSE);
    snprintf(first, sizeof first, "%s", k.text);
    plugin_feed(&k, "{");
    CHECK_INT(k.code, FHIRTRIAL_E_PARSE);
    CHECK_STR(k.text, first);
    plugin_close(&k);
}

static void an_equal_state_writes_nothing(void) {
    plugin_kit k;
    char before[sizeof k.text];
    CHECK_OR_RETURN(plugin_open(&k, "process-equal", ""));
    plugin_patient(&k, "a", "");
    plugin_ask(&k, "audit.verify");
    snprintf(before, sizeof before, "%s", k.text);
    plugin_patient(&k, "a", "");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK_TOLD(&k, "`written`:0");
    plugin_ask(&k, "audit.verify");
    CHECK_STR(k.text, before);
    plugin_close(&k);
}

static void what_no_view_looks_at_is_no_match(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "process-nomatch", ""));
    plugin_feed(&k, "{`resourceType`:`Device`,`id`:`d`}");
    CHECK_INT(k.code, FHIRTRIAL_NOMATCH);
    CHECK_TOLD(&k, "`outcome`:`ok`");
    plugin_close(&k);
}

static void a_message_over_its_limit_names_it(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "process-limit", "`limits`:{`messageBytes`:1024},"));
    char message[4096];
    snprintf(message, sizeof message,
             "{`resourceType`:`Patient`,`id`:`a`,`name`:[{`text`:`%01100d`}]}", 0);
    plugin_feed(&k, message);
    CHECK_INT(k.code, FHIRTRIAL_E_REJECT);
    CHECK_TOLD(&k, "1024");
    CHECK_TOLD(&k, "`code`:`too-long`");
    plugin_ask(&k, "record?patient=a");
    CHECK_INT(k.code, FHIRTRIAL_NOMATCH);
    plugin_close(&k);
}

static void a_patient_is_decided_again_without_a_message(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "process-again", ""));
    plugin_feed(&k, "{`resourceType`:`Patient`,`id`:`a`,`birthDate`:`2007-07-01`}");
    plugin_observe(&k, "o", "a", "5", "score", "");
    CHECK_TOLD(&k, "`verdict`:`ineligible`"); /* 17 for one more day */
    plugin_advance(&k, 86400);
    CHECK_INT(process_patient(k.instance, (patient_ref){S("ward"), S("a")}), FHIRTRIAL_OK);
    plugin_ask(&k, "explain?patient=a&study=s1");
    CHECK_TOLD(&k, "`verdict`:`eligible`");
    CHECK_TOLD(&k, "`clock`:`2025-07-01T12:00:00");
    plugin_close(&k);
}

static void nothing_is_known_of_nobody(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "process-nobody", ""));
    reply r = process_record(k.instance, (patient_ref){S("ward"), S("nobody")});
    CHECK_INT(r.code, FHIRTRIAL_NOMATCH);
    free(r.document);
    CHECK_INT(
        process_flag_error(k.instance, (patient_ref){S("ward"), S("nobody")}, S("s1"), S("why")),
        FHIRTRIAL_NOMATCH);
    plugin_close(&k);
}

const unit_test plugin_process_suite[] = {UNIT_TEST(the_keys_of_meta_are_closed),
                                          UNIT_TEST(the_same_id_and_bytes_get_the_stored_result),
                                          UNIT_TEST(the_same_id_with_other_bytes_is_refused),
                                          UNIT_TEST(a_refusal_is_remembered_under_its_id),
                                          UNIT_TEST(an_equal_state_writes_nothing),
                                          UNIT_TEST(what_no_view_looks_at_is_no_match),
                                          UNIT_TEST(a_message_over_its_limit_names_it),
                                          UNIT_TEST(a_patient_is_decided_again_without_a_message),
                                          UNIT_TEST(nothing_is_known_of_nobody),
                                          UNIT_END};
