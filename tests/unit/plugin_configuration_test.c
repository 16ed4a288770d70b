/* SPDX-License-Identifier: Apache-2.0 */
/* Everything a configuration names is read and checked before any of it is in force. */
#include "plugin_kit.h"
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

static void a_key_that_is_missing_or_short_is_refused(void) {
    plugin_kit k;
    char path[1024];
    CHECK_OR_RETURN(plugin_open(&k, "configuration-key", ""));
    snprintf(path, sizeof path, "%s/site.key", k.folder);
    FILE *out = fopen(path, "w");
    CHECK_OR_RETURN(out != NULL);
    fputs("0123456789abcdef0123456789abcde", out); /* 31 bytes */
    fclose(out);
    plugin_configure(&k, "");
    CHECK_INT(k.code, FHIRTRIAL_E_CONFIG);
    CHECK_TOLD(&k, "the site key has fewer than 32 bytes");
    unlink(path);
    plugin_configure(&k, "");
    CHECK_INT(k.code, FHIRTRIAL_E_CONFIG);
    CHECK_TOLD(&k, "siteKey");
    plugin_close(&k);
}

static void every_finding_is_told_at_once(void) {
    plugin_kit k;
    char path[1024];
    CHECK_OR_RETURN(plugin_open(&k, "configuration-both", ""));
    snprintf(path, sizeof path, "%s/site.key", k.folder);
    unlink(path);
    plugin_mapping(&k, "core/views/bad.json", "{\n  `resourceType`: `ViewDefinitoin`\n}");
    plugin_configure(&k, "");
    plugin_mapping(&k, "core/views/bad.json", NULL);
    CHECK_INT(k.code, FHIRTRIAL_E_CONFIG);
    CHECK_TOLD(&k, "siteKey");
    CHECK_TOLD(&k, "core/views/bad.json:2:");
    plugin_close(&k);
}

static void an_unknown_zone_or_folder_is_named(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "configuration-zone", ""));
    plugin_mapping(&k, "sites/here/site.json", "{`schema`:1,`id`:`here`,`timezone`:`Mars/Base`}");
    plugin_configure(&k, "");
    CHECK_INT(k.code, FHIRTRIAL_E_CONFIG);
    CHECK_TOLD(&k, "Mars/Base");
    plugin_mapping(&k, "sites/here/site.json", NULL);
    plugin_configure(&k, "");
    CHECK_INT(k.code, FHIRTRIAL_E_CONFIG);
    CHECK_TOLD(&k, "sites/here");
    plugin_close(&k);
}

static void digests_say_what_changed(void) {
    plugin_kit k;
    char all[DIGEST_HEX + 1], views[DIGEST_HEX + 1];
    CHECK_OR_RETURN(plugin_open(&k, "configuration-digest", ""));
    const configuration *c = k.instance->current;
    snprintf(all, sizeof all, "%.*s", STR_ARGS(c->digest));
    snprintf(views, sizeof views, "%.*s", STR_ARGS(c->views_digest));
    plugin_mapping(&k, "sites/here/site.json",
                   "{`schema`:1,`id`:`here`,`timezone`:`UTC`,`complete`:[]}");
    plugin_configure(&k, "");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    c = k.instance->current;
    CHECK(!str_eq(c->digest, str_from(all)));
    CHECK(str_eq(c->views_digest, str_from(views))); /* rows need not be made again */
    CHECK(str_find(c->mapping_document, S("\"sites/here/site.json\":"), 0) > 0);
    plugin_close(&k);
}

static void who_has_taken_one_keeps_it(void) {
    plugin_kit k;
    CHECK_OR_RETURN(plugin_open(&k, "configuration-take", ""));
    configuration *old = configuration_take(k.instance);
    plugin_configure(&k, "`limits`:{`messageBytes`:2048},");
    CHECK_INT(k.code, FHIRTRIAL_OK);
    CHECK(k.instance->current != old);
    CHECK(old->settings.message_bytes != 2048);
    CHECK_INT(mappings_study_count(old->mappings), 1);
    configuration_drop(old);
    configuration_drop(NULL);
    plugin_close(&k);
}

const unit_test plugin_configuration_suite[] = {
    UNIT_TEST(a_key_that_is_missing_or_short_is_refused),
    UNIT_TEST(every_finding_is_told_at_once),
    UNIT_TEST(an_unknown_zone_or_folder_is_named),
    UNIT_TEST(digests_say_what_changed),
    UNIT_TEST(who_has_taken_one_keeps_it),
    UNIT_END};
