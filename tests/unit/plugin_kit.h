/* SPDX-License-Identifier: Apache-2.0 */
/* plugin_kit: a handle's instance on a site of its own, for tests of the shell's files: a folder
 * with key, store, a file endpoint, two views and one small study, and a clock that stands still
 * until it is turned.
 *
 * Study s1: I1 (screening, transient) an Observation with a score of 4 or more; I2 born 18 years
 * ago or earlier; E1 a resource tagged `cord`, which counts as absent where there is none. Who is
 * of age and has a score of 4 is eligible. Tags `denied` and `enrolled` tell that circumstance. Two
 * Patients that share an identifier of PLUGIN_MRN are one person. ` stands for " in all texts. */
#ifndef FHIRTRIAL_TESTS_PLUGIN_KIT_H
#define FHIRTRIAL_TESTS_PLUGIN_KIT_H

#include "work.h"

#define PLUGIN_MRN "https://hospital.example/mrn"

typedef struct plugin_kit {
    char folder[512];
    char config[4096];
    instance *instance;
    int64_t now;        /* evaluation clock, Unix ns */
    message_meta meta;  /* of the next messages */
    int32_t code;       /* of the last message, question, command or configuration */
    char text[1 << 16]; /* its document */
} plugin_kit;

/* A new site in a folder named after the test, at 2025-06-30T12:00:00Z. `more` are members of the
 * configuration, each with a comma behind it; "" for none. Checks that it opens. */
bool plugin_open(plugin_kit *k, const char *name, const char *more);
/* The same folder and store again, as plugin_close left them; k->code says how it went. */
bool plugin_reopen(plugin_kit *k);
void plugin_close(plugin_kit *k);
/* Replaces a mapping file, or removes it (NULL). */
void plugin_mapping(const plugin_kit *k, const char *name, const char *text);
/* Puts the configuration in force with `more` as in plugin_open. */
void plugin_configure(plugin_kit *k, const char *more);
/* One message through process_message. */
void plugin_feed(plugin_kit *k, const char *message);
/* Observation `id` of `patient` with a score and a tag; meta holds `meta` where it is not "". */
void plugin_observe(plugin_kit *k, const char *id, const char *patient, const char *score,
                    const char *tag, const char *meta);
/* A Patient born 1960-01-01 with further members (each begins with a comma). */
void plugin_patient(plugin_kit *k, const char *id, const char *more);
/* A Patient of full age with a score of 5: eligible. */
void plugin_eligible(plugin_kit *k, const char *patient);
/* fhirtrial_query on the instance. */
void plugin_ask(plugin_kit *k, const char *what);
/* How often k->text holds `text`. */
int plugin_count(const plugin_kit *k, const char *text);
/* Sends what waits for the file endpoint; k->text is the whole file then. */
void plugin_send(plugin_kit *k);
/* Lets the clock go on. */
void plugin_advance(plugin_kit *k, int64_t seconds);

#define CHECK_TOLD(kit, wanted)                                                                    \
    CHECK_MSG(plugin_count((kit), (wanted)) > 0, "%s is not in %s", (wanted), (kit)->text)
#define CHECK_NOT_TOLD(kit, unwanted)                                                              \
    CHECK_MSG(plugin_count((kit), (unwanted)) == 0, "%s is in %s", (unwanted), (kit)->text)

#endif
