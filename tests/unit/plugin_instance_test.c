/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind a handle: opened, configured anew, closed. */
#include "plugin_kit.h"
#include "unit.h"

#include "handle.h"

#include <stdio.h>
#include <string.h>

static void change(plugin_kit *k, const char *from, const char *to) {
    char *at = strstr(k->config, from);
    if (!CHECK(at != NULL) || !CHECK(strlen(from) == strlen(to))) return;
    memcpy(at, to, strlen(to));
}

static void a_store_goes_on_where_it_ended(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "instance-again", ""));
    plugin_eligible(&k, "a");
    plugin_close(&k);
    CHECK_OR_RETURN(plugin_reopen(&k));
    plugin_observe(&k, "o", "a", "6", "score", "");
    CHECK_TOLD(&k, "`flags`:[]"); /* the Flag was raised before */
    plugin_send(&k);
    CHECK_INT(plugin_count(&k, "`resourceType`:`Flag`"), 1); /* and waited in the outbox */
    plugin_close(&k);
}

static void a_store_with_another_key_is_refused(void) {
    plugin_kit k;
    char path[1024];
    CHECK_OR_RETURN(plugin_open(&k, "instance-key", ""));
    plugin_close(&k);
    snprintf(path, sizeof path, "%s/site.key", k.folder);
    FILE *out = fopen(path, "w");
    CHECK_OR_RETURN(out != NULL);
    fputs("ffffffffffffffffffffffffffffffff", out);
    fclose(out);
    CHECK(!plugin_reopen(&k));
    CHECK_INT(k.code, FHIRTRIAL_E_CONFIG);
    CHECK_TOLD(&k, "restore the site key from the backup");
}

static void what_a_handle_stands_on_cannot_change(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "instance-fixed", ""));
    plugin_configure(&k, "`threads`:1,");
    CHECK_INT(k.code, FHIRTRIAL_E_CONFIG);
    CHECK_TOLD(&k, "cannot change while a handle is open");
    plugin_patient(&k, "a", "");
    CHECK_INT(k.code, FHIRTRIAL_OK); /* the old configuration is in force */
    plugin_close(&k);
}

static void a_mistake_leaves_the_old_configuration_in_force(void) {
    plugin_kit k;
    char before[sizeof k.text];
    CHECK_OR_RETURN(plugin_open(&k, "instance-mistake", ""));
    plugin_ask(&k, "info");
    snprintf(before, sizeof before, "%s", k.text);
    plugin_mapping(&k, "core/views/more.json", "{`resourceType`:`ViewDefinition`}");
    plugin_configure(&k, "");
    CHECK_INT(k.code, FHIRTRIAL_E_CONFIG);
    CHECK_TOLD(&k, "core/views/more.json:1:1");
    plugin_mapping(&k, "core/views/more.json", NULL);
    plugin_ask(&k, "info");
    CHECK_STR(k.text, before);
    plugin_close(&k);
}

static void a_good_one_is_in_force_at_once(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "instance-good", ""));
    change(&k, "https://hospital.example/codes", "https://hospital.example/CODES");
    plugin_eligible(&k, "a");
    plugin_configure(&k, "`limits`:{`messageBytes`:1024},");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK_INT(k.instance->current->settings.message_bytes, 1024);
    plugin_send(&k);
    CHECK_INT(plugin_count(&k, "`resourceType`:`Flag`"), 1); /* its sender goes on */
    plugin_close(&k);
}

static void closing_waits_for_what_is_waiting(void) {
    plugin_kit k;
    int64_t job;
    int32_t code;
    static const char message[] =
        "{\"resourceType\":\"Patient\",\"id\":\"a\",\"birthDate\":\"1960-01-01\"}";
    CHECK_OR_RETURN(plugin_open(&k, "instance-drain", ""));
    CHECK_INT(job_submit(k.instance, str_from(message), &k.meta, &job), FHIRTRIAL_OK);
    CHECK(handle_close(k.instance->handle, &code) == k.instance);
    instance_close(k.instance, 10000);
    CHECK_OR_RETURN(plugin_reopen(&k));
    plugin_ask(&k, "record?patient=a");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    plugin_close(&k);
}

const unit_test plugin_instance_suite[] = {
    UNIT_TEST(a_store_goes_on_where_it_ended),
    UNIT_TEST(a_store_with_another_key_is_refused),
    UNIT_TEST(what_a_handle_stands_on_cannot_change),
    UNIT_TEST(a_mistake_leaves_the_old_configuration_in_force),
    UNIT_TEST(a_good_one_is_in_force_at_once),
    UNIT_TEST(closing_waits_for_what_is_waiting),
    UNIT_END};
