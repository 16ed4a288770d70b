/* SPDX-License-Identifier: Apache-2.0 */
/* trial_kit: a small mapping set for tests of the view and trial rooms, and ways to load it, feed
 * it and look at what came out. JSON in C is written with ` for ". Everything lives in one arena
 * that is released when the test's step returns, also after a fault. */
#ifndef FHIRTRIAL_TESTS_TRIAL_KIT_H
#define FHIRTRIAL_TESTS_TRIAL_KIT_H

#include "trial/trial.h"
#include "unit.h"

typedef struct kit kit;
struct kit {
    arena arena;
    landing landing;
    problems found;
    const mappings *set;
    mapping_file files[32];
    isize file_count;
    void (*step)(kit *k);
};

/* SHA-256 and HMAC of OpenSSL. */
extern const digest kit_digest;

/* Runs a test's step with a fresh kit; a fault fails the test. */
void kit_run(void (*step)(kit *k));
/* The same under an arena ceiling; true when the step came back by itself. */
bool kit_run_within(isize ceiling, void (*step)(kit *k), fault *fault);
/* A copy in the kit's arena with every ` as ". */
str kit_text(kit *k, const char *text);
/* Adds a mapping file; `text` with `. */
void kit_file(kit *k, const char *name, const char *text);
/* A file of a view "obs" on Observation (score decimal, code Coding, effective dateTime, tag code*,
 * problem code*), "person" on Patient (born date, dead boolean). */
void kit_views(kit *k);
/* studies/s1/protocol.json with these members between the head and the end: criteria and so on. */
void kit_study(kit *k, const char *members);
/* Loads; the set, or NULL with k->found filled. */
const mappings *kit_load(kit *k);
/* Whether some finding's text holds `text`. */
bool kit_found(const kit *k, const char *text);
/* Prints the findings as TAP comments: for a failing test. */
void kit_show(const kit *k);

/* 2025-03-01T12:00:00Z. */
when kit_now(void);
/* Reads one message and extracts it. */
message kit_message(kit *k, const char *text);
/* A record of the rows of one message, each with its entry's provenance. */
tape kit_record(kit *k, const message *m);
/* The canonical record as text. */
str kit_record_text(kit *k, const tape *record);
/* The verdict of the first study over the message's record. */
verdict kit_verdict(kit *k, const char *text);
/* The finding of the criterion `id`. */
const finding *kit_finding(const verdict *v, const char *id);

#define CHECK_TEXT(text, expected) CHECK_BYTES((text).p, (text).n, expected)

#endif
