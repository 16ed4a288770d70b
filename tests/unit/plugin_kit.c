/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin_kit.h"
#include "unit.h"

#include "deliver/deliver.h"
#include "handle.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char obs_text[] =
    "{`resourceType`:`ViewDefinition`,`name`:`obs`,`status`:`active`,`resource`:`Observation`,"
    "`select`:[{`column`:["
    "{`name`:`score`,`type`:`decimal`,`path`:`value.ofType(Quantity).value`},"
    "{`name`:`tag`,`type`:`code`,`collection`:true,`path`:`code.coding.code`}]}]}";
static const char person_text[] =
    "{`resourceType`:`ViewDefinition`,`name`:`person`,`status`:`active`,`resource`:`Patient`,"
    "`select`:[{`column`:[{`name`:`born`,`type`:`date`,`path`:`birthDate`}]}]}";
static const char study_text[] =
    "{`schema`:1,`id`:`s1`,`identifier`:{`system`:`https://registry.example`,`value`:`T1`},"
    "`title`:`A study`,`status`:`active`,`screening`:[`I1`],`flag`:{`hold`:`P7D`,`text`:"
    "`Research: screening review suggested, study T1`},`circumstances`:{`dead`:`false`,"
    "`consentDenied`:`obs.where(tag contains 'denied').exists()`,"
    "`enrolled`:`obs.where(tag contains 'enrolled').exists()`},`criteria`:["
    "{`id`:`I1`,`kind`:`inclusion`,`text`:`Score 4 or more`,`transient`:true,"
    "`evidence`:`obs.where(score.exists())`,`met`:`obs.where(score >= 4).exists()`},"
    "{`id`:`I2`,`kind`:`inclusion`,`text`:`18 or older`,`evidence`:`person`,"
    "`met`:`person.all(born <= today() - 18 years)`},"
    "{`id`:`E1`,`kind`:`exclusion`,`text`:`Compression of the cord`,"
    "`evidence`:`obs.where(tag contains 'cord')`,`met`:`obs.where(tag contains 'cord').exists()`,"
    "`absent`:`not-met`,`view`:`obs`}]}";
static const char site_text[] = "{`schema`:1,`id`:`here`,`timezone`:`UTC`,`complete`:[`obs`]}";

static void unquote(char *out, size_t cap, const char *text) {
    size_t n = strlen(text);
    CHECK(n < cap);
    for (size_t i = 0; i <= n && i < cap; i++) out[i] = text[i] == '`' ? '"' : text[i];
    out[cap - 1] = 0;
}

static void make_folders(const char *path) {
    char part[2048];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        mkdir(part, 0700);
    }
}

static void put(const char *path, const char *text) {
    char copy[1 << 14];
    unquote(copy, sizeof copy, text);
    make_folders(path);
    FILE *out = fopen(path, "w");
    CHECK_MSG(out && fputs(copy, out) >= 0, "%s cannot be written", path);
    if (out) fclose(out);
    chmod(path, 0600);
}

void plugin_mapping(const plugin_kit *k, const char *name, const char *text) {
    char path[1024];
    snprintf(path, sizeof path, "%s/mappings/%s", k->folder, name);
    if (text)
        put(path, text);
    else
        unlink(path);
}

static void write_config(plugin_kit *k, const char *more) {
    char text[2 * sizeof k->folder + 2048];
    snprintf(text, sizeof text,
             "{`schema`:1,%s`base`:`%s`,`store`:{`path`:`fhirtrial.db`},`mappings`:{`path`:"
             "`mappings`,`site`:`here`},`source`:`ward`,`siteKey`:`site.key`,"
             "`patientIdentifiers`:[`" PLUGIN_MRN "`],`flag`:{`identifierSystem`:"
             "`https://hospital.example/flags`,`codeSystem`:`https://hospital.example/codes`},"
             "`endpoints`:[{`name`:`file`,`type`:`file`,`path`:`flags.ndjson`,"
             "`patient`:`same-as-source: ward`}]}",
             more, k->folder);
    unquote(k->config, sizeof k->config, text);
}

static int drop(const char *path, const struct stat *about, int kind, struct FTW *at) {
    (void)about, (void)kind, (void)at;
    return remove(path);
}

/* What a run that was ended left behind goes first. */
static void write_site(plugin_kit *k, const char *name) {
    char relative[128], path[1024];
    snprintf(relative, sizeof relative, "plugin-%s", name);
    const char *scratch = unit_scratch(relative);
    nftw(scratch, drop, 8, FTW_DEPTH | FTW_PHYS);
    mkdir(scratch, 0700);
    char *absolute = realpath(scratch, NULL);
    snprintf(k->folder, sizeof k->folder, "%s", absolute ? absolute : "");
    free(absolute);
    snprintf(path, sizeof path, "%s/site.key", k->folder);
    put(path, "0123456789abcdef0123456789abcdef");
    plugin_mapping(k, "core/views/obs.json", obs_text);
    plugin_mapping(k, "core/views/person.json", person_text);
    plugin_mapping(k, "studies/s1/protocol.json", study_text);
    plugin_mapping(k, "sites/here/site.json", site_text);
}

static int64_t tell_clock(void *user) { return ((plugin_kit *)user)->now; }

/* What needs a list of problems, and the list as an OperationOutcome in k->text. */
typedef struct configuring {
    plugin_kit *k;
    arena arena;
    landing landing;
    bool open;
} configuring;

static void configuring_step(void *state) {
    configuring *c = state;
    plugin_kit *k = c->k;
    problems found = problems_new(&c->arena);
    k->code = c->open ? instance_open(str_from(k->config), &found, &k->instance)
                      : instance_configure(k->instance, str_from(k->config), &found);
    buf out = buf_new(&c->arena, (isize)sizeof k->text - 1, "an outcome");
    outcome_json(&found, (str){0}, &out);
    memcpy(k->text, out.p, (size_t)out.n);
    k->text[out.n] = 0;
}

static void configure(plugin_kit *k, bool open) {
    configuring c = {.k = k, .open = open};
    fault fault = {0};
    CHECK_MSG(deliver_init(&fault), "%s", fault.text);
    arena_init(&c.arena, 64 << 20, &c.landing);
    CHECK_MSG(guarded(&c.landing, configuring_step, &c), "raised: %s", c.landing.fault.text);
    arena_release(&c.arena);
}

bool plugin_reopen(plugin_kit *k) {
    k->instance = NULL;
    configure(k, true);
    if (k->code != FHIRTRIAL_OK) return false;
    clock_set(k->instance, tell_clock, k);
    return true;
}

bool plugin_open(plugin_kit *k, const char *name, const char *more) {
    *k = (plugin_kit){.now = INT64_C(1751284800) * 1000000000};
    write_site(k, name);
    write_config(k, more);
    return CHECK_MSG(plugin_reopen(k), "%s", k->text);
}

void plugin_close(plugin_kit *k) {
    int32_t code;
    if (!k->instance) return;
    CHECK(handle_close(k->instance->handle, &code) == k->instance);
    instance_close(k->instance, 0);
    k->instance = NULL;
}

void plugin_configure(plugin_kit *k, const char *more) {
    write_config(k, more);
    configure(k, false);
}

void plugin_feed(plugin_kit *k, const char *message) {
    char copy[1 << 14];
    unquote(copy, sizeof copy, message);
    reply r = process_message(k->instance, str_from(copy), &k->meta, k->now);
    k->code = r.code;
    snprintf(k->text, sizeof k->text, "%.*s", (int)r.n, r.document ? r.document : "");
    free(r.document);
}

void plugin_observe(plugin_kit *k, const char *id, const char *patient, const char *score,
                    const char *tag, const char *meta) {
    char text[1024];
    snprintf(text, sizeof text,
             "{`resourceType`:`Observation`,`id`:`%s`,%s%s%s`status`:`final`,`code`:{`coding`:[{"
             "`system`:`urn:test`,`code`:`%s`}]},`subject`:{`reference`:`Patient/%s`},"
             "`valueQuantity`:{`value`:%s}}",
             id, *meta ? "`meta`:{" : "", meta, *meta ? "}," : "", tag, patient, score);
    plugin_feed(k, text);
}

void plugin_patient(plugin_kit *k, const char *id, const char *more) {
    char text[1024];
    snprintf(text, sizeof text, "{`resourceType`:`Patient`,`id`:`%s`,`birthDate`:`1960-01-01`%s}",
             id, more);
    plugin_feed(k, text);
}

void plugin_eligible(plugin_kit *k, const char *patient) {
    char id[64];
    snprintf(id, sizeof id, "%s-score", patient);
    plugin_patient(k, patient, "");
    plugin_observe(k, id, patient, "5", "score", "");
}

void plugin_ask(plugin_kit *k, const char *what) {
    int64_t n = 0;
    k->text[0] = 0;
    k->code = query_answer(k->instance, what, false, k->text, sizeof k->text - 1, &n);
    k->text[k->code == FHIRTRIAL_OK ? n : 0] = 0;
}

int plugin_count(const plugin_kit *k, const char *text) {
    char wanted[2048];
    int n = 0;
    unquote(wanted, sizeof wanted, text);
    for (const char *at = strstr(k->text, wanted); at; at = strstr(at + 1, wanted)) n++;
    return n;
}

void plugin_send(plugin_kit *k) {
    char path[1024];
    size_t n = 0;
    for (int i = 0; i < 50 && outgoing_step(k->instance, 1000) == FHIRTRIAL_PENDING &&
                    outgoing_waiting(k->instance);
         i++) {
    }
    snprintf(path, sizeof path, "%s/flags.ndjson", k->folder);
    FILE *in = fopen(path, "r");
    if (in) n = fread(k->text, 1, sizeof k->text - 1, in);
    if (in) fclose(in);
    k->text[n] = 0;
}

void plugin_advance(plugin_kit *k, int64_t seconds) { k->now += seconds * 1000000000; }
