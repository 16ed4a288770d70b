/* SPDX-License-Identifier: Apache-2.0 */
/* config.h: fhirtrial.json as settings. One table (config.c) says every key's place, type, range
 * and meaning; reading, "did you mean", and the JSON Schema that engines and editors ask for come
 * from it. Settings live in the arena they were read into and are read only afterwards. No file is
 * opened here. */
#ifndef FHIRTRIAL_CONFIG_H
#define FHIRTRIAL_CONFIG_H

#include "base/buf.h"
#include "base/problem.h"
#include "deliver/deliver.h"

enum { CONFIG_SCHEMA = 1 };

typedef enum keep_policy { KEEP_REACHED, KEEP_ALL } keep_policy;
/* Whether flag-detail lists the evidence, because it lives at the endpoint. */
typedef enum foreign_policy { FOREIGN_REFUSE, FOREIGN_ALLOW } foreign_policy;
typedef enum evidence_policy { EVIDENCE_NONE, EVIDENCE_SAME_AS_SOURCE } evidence_policy;

typedef struct str_list {
    const str *items;
    isize n;
} str_list;

/* Who the subject of a Flag is at an endpoint (docs/operator.md): the source's own Patient id, or a
 * look-up by an identifier of `identifier_system`. */
typedef struct endpoint_settings {
    endpoint_config wire;
    str patient; /* as written */
    bool by_identifier;
    str source;            /* same-as-source: which source's ids it shares */
    str identifier_system; /* identifier: the system looked up */
    int evidence;          /* evidence_policy */
} endpoint_settings;

typedef struct flag_settings {
    str identifier_system, code_system;
    str author_display, author_system, author_value, author_device;
} flag_settings;

typedef struct settings {
    str editor_schema; /* "$schema": for editors, read by nobody else */
    str base;
    str store_path;
    int keep;             /* keep_policy */
    int64_t retention_ms; /* of superseded bytes; 0: for ever */
    int64_t busy_ms;
    str mappings_path;
    str_list studies;    /* empty: all of the folder */
    str_list guidelines; /* empty: none */
    str site;
    str source;
    str site_key_path;
    str_list patient_identifiers;
    int64_t threads;
    int foreign_libraries; /* foreign_policy */
    int64_t message_bytes;
    int64_t queue_messages; /* submitted and not yet processed; above it FHIRTRIAL_E_FULL */
    flag_settings flag;
    endpoint_settings *endpoints;
    isize endpoint_count;
} settings;

/* Reads the text of a configuration. False when there was an error: every finding is in `found`
 * with offset, pointer and suggestion. The text must outlive the settings. */
bool settings_read(arena *arena, str text, settings *out, problems *found);

/* The JSON Schema (2020-12) of the configuration. */
void settings_schema(buf *out);

#endif
