/* SPDX-License-Identifier: Apache-2.0 */
/* config_table.c: every key of fhirtrial.json: its place, type, range and meaning; and the JSON
 * Schema made of that. */
#include "config_table.h"

#define AT(member) offsetof(settings, member)
#define EP(member) offsetof(endpoint_settings, member)
#define TEXT(name, at, need, meaning)                                                              \
    { name, FIELD_TEXT, need, at, 0, 0, 0, NULL, NULL, meaning }
#define PATH(name, at, need, meaning)                                                              \
    { name, FIELD_PATH, need, at, 0, 0, 0, NULL, NULL, meaning }
#define NUMBER(name, at, least, most, fallback, meaning)                                           \
    { name, FIELD_INTEGER, false, at, least, most, fallback, NULL, NULL, meaning }
#define DURATION(name, at, least, most, fallback, meaning)                                         \
    { name, FIELD_DURATION, false, at, least, most, fallback, NULL, NULL, meaning }
#define CHOICE(name, at, choices, fallback, meaning)                                               \
    { name, FIELD_CHOICE, false, at, 0, 0, fallback, choices, NULL, meaning }
#define LIST(name, at, meaning)                                                                    \
    { name, FIELD_LIST, false, at, 0, 0, 0, NULL, NULL, meaning }
#define OBJECT(name, need, fields, meaning)                                                        \
    { name, FIELD_OBJECT, need, 0, 0, 0, 0, NULL, fields, meaning }
#define END                                                                                        \
    { NULL, FIELD_TEXT, false, 0, 0, 0, 0, NULL, NULL, NULL }

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
#define YEARS(n) ((n)*365 * 24 * (int64_t)HOUR)

static const char *const keep_choices[] = {"reached", "all", NULL};
static const char *const foreign_choices[] = {"refuse", "allow", NULL};
static const char *const type_choices[] = {"fhir", "file", NULL};
static const char *const auth_choices[] = {"none", "smart-backend", "basic", "mtls", NULL};
static const char *const evidence_choices[] = {"none", "same-as-source", NULL};

static const field store_fields[] = {
    PATH("path", AT(store_path), true, "The SQLite file; made when absent, with mode 0600."),
    CHOICE("keep", AT(keep), keep_choices, 0,
           "Whose bytes are kept: resources that a view reached, or all."),
    DURATION("retention", AT(retention_ms), 0, YEARS(100), 0,
             "How long superseded versions' bytes are kept; absent: for ever."),
    DURATION("busyTimeout", AT(busy_ms), 0, HOUR, 5 * SECOND,
             "How long to wait for another writer before FHIRTRIAL_E_RETRY."),
    END};
static const field mappings_fields[] = {
    PATH("path", AT(mappings_path), true,
         "The mappings folder (core/, studies/, guidelines/, sites/)."),
    LIST("studies", AT(studies), "Folders below studies/ to load; absent: all."),
    LIST("guidelines", AT(guidelines),
         "Folders below guidelines/ whose rules raise clinical Flags; absent: none."),
    TEXT("site", AT(site), false,
         "Folder below sites/ with this hospital's code maps and parameters."),
    END};
static const field limits_fields[] = {
    NUMBER("messageBytes", AT(message_bytes), 1024, INT64_C(1) << 30, LIMIT_MESSAGE_BYTES,
           "Largest message accepted, in bytes."),
    NUMBER("queueMessages", AT(queue_messages), 1, 1000000, 1024,
           "Submitted messages waiting; above it FHIRTRIAL_E_FULL."),
    END};
static const field author_fields[] = {
    TEXT("display", AT(flag.author_display), false, "Flag.author.display."),
    TEXT("system", AT(flag.author_system), false, "Flag.author.identifier.system."),
    TEXT("value", AT(flag.author_value), false, "Flag.author.identifier.value."),
    TEXT("device", AT(flag.author_device), false,
         "Reference of a Device known to the endpoints (\"Device/fhirtrial\")."),
    END};
static const field flag_fields[] = {TEXT("identifierSystem", AT(flag.identifier_system), true,
                                         "System of the Flag's identifier: a URI of the hospital."),
                                    TEXT("codeSystem", AT(flag.code_system), true,
                                         "System of the two codes eligible and needs-review."),
                                    OBJECT("author", false, author_fields, "Who wrote the Flag."),
                                    END};
static const field auth_fields[] = {
    CHOICE("type", EP(wire.auth), auth_choices, 0, "How requests are authenticated."),
    TEXT("clientId", EP(wire.client_id), false, "SMART Backend Services: the client's id."),
    PATH("key", EP(wire.key_path), false, "PEM file with the private key, mode 0600."),
    TEXT("keyId", EP(wire.key_id), false, "kid of the key in the registered JWKS."),
    TEXT("algorithm", EP(wire.algorithm), false, "RS384 or ES384."),
    TEXT("scope", EP(wire.scope), false, "Scopes asked for (system/Flag.crus)."),
    TEXT("tokenUrl", EP(wire.token_url), false,
         "Token endpoint; absent: discovered from .well-known/smart-configuration."),
    TEXT("tokenHost", EP(wire.token_host), false,
         "host:port that the discovered token endpoint must have; absent: the endpoint's own."),
    TEXT("audience", EP(wire.audience), false,
         "aud of the assertion where the server wants another than the token URL."),
    TEXT("user", EP(wire.user), false, "Basic authentication: the user."),
    PATH("password", EP(wire.password_path), false, "File with the password, mode 0600."),
    END};
static const field tls_fields[] = {
    PATH("ca", EP(wire.ca_path), false,
         "PEM file with the authorities that are trusted; nothing else is."),
    PATH("clientCert", EP(wire.client_cert_path), false, "PEM certificate for mutual TLS."),
    PATH("clientKey", EP(wire.client_key_path), false, "Its key, mode 0600."),
    PATH("crl", EP(wire.crl_path), false,
         "PEM file with revocation lists; every certificate is then checked."),
    TEXT("ciphers", EP(wire.ciphers), false, "TLS 1.2 cipher list; absent: ECDHE with AEAD only."),
    END};
static const field timeout_fields[] = {
    DURATION("connect", EP(wire.connect_ms), 100, 10 * MINUTE, 5 * SECOND,
             "Longest time to connect."),
    DURATION("total", EP(wire.total_ms), 100, HOUR, 30 * SECOND, "Longest time of one request."),
    END};
static const field rate_fields[] = {
    NUMBER("perSecond", EP(wire.per_second), 1, 100000, 50, "Requests a second, at most."),
    NUMBER("maxInFlight", EP(wire.max_in_flight), 1, 256, 8,
           "Requests at a time, at most; one a Flag."),
    DURATION("backoffFirst", EP(wire.backoff_first_ms), 10, HOUR, SECOND,
             "First pause after a failure."),
    DURATION("backoffMost", EP(wire.backoff_max_ms), 100, YEARS(1), 15 * MINUTE, "Longest pause."),
    END};
static const field endpoint_fields[] = {
    TEXT("name", EP(wire.name), true,
         "The endpoint's name; part of each Flag's identifier, so it never changes."),
    CHOICE("type", EP(wire.type), type_choices, 0, "A FHIR server, or a file of NDJSON."),
    TEXT("url", EP(wire.url), false, "Base URL of the FHIR server, https, without trailing slash."),
    PATH("path", EP(wire.path), false, "The file (type file)."),
    TEXT("patient", EP(patient), false,
         "\"same-as-source: NAME\" or \"identifier: SYSTEM\": who the subject is there."),
    CHOICE("evidence", EP(evidence), evidence_choices, 0,
           "Whether flag-detail lists the evidence, because it lives there."),
    OBJECT("auth", false, auth_fields, "Authentication."),
    OBJECT("tls", false, tls_fields, "TLS."),
    OBJECT("timeouts", false, timeout_fields, "Time-outs."),
    OBJECT("rate", false, rate_fields, "Rate and retry."),
    END};
const field config_fields[] = {
    TEXT("$schema", AT(editor_schema), false, "This schema, for editors."),
    {"schema", FIELD_INTEGER, true, -1, CONFIG_SCHEMA, CONFIG_SCHEMA, CONFIG_SCHEMA, NULL, NULL,
     "Version of this layout."},
    TEXT("base", AT(base), false,
         "Folder that relative paths start from; absent: relative paths are refused."),
    OBJECT("store", true, store_fields, "The store."),
    OBJECT("mappings", true, mappings_fields, "What is computed."),
    TEXT("source", AT(source), true,
         "Name of the feed where a message does not name one (meta.source)."),
    PATH("siteKey", AT(site_key_path), true,
         "File with the site's key (32 bytes or more, mode 0600): keeps identifiers stable; back "
         "it up."),
    LIST("patientIdentifiers", AT(patient_identifiers),
         "Identifier systems by which two sources may be one patient."),
    NUMBER("threads", AT(threads), 0, 64, 0, "Worker threads; 0: all work on the caller's thread."),
    CHOICE(
        "foreignLibraries", AT(foreign_libraries), foreign_choices, 0,
        "Whether to open where TLS, digests, HTTP or compression come from another file than the "
        "system's libraries, as in a host that exports its own."),
    OBJECT("limits", false, limits_fields, "Limits."),
    OBJECT("flag", true, flag_fields, "What every Flag carries."),
    {"endpoints", FIELD_ENDPOINTS, false, 0, 0, 0, 0, NULL, endpoint_fields, "Where Flags go."},
    END};

/* --- the schema --- */

static void schema_object(buf *out, const field *fields);

static void schema_field(buf *out, const field *f) {
    static const char *const types[] = {"string", "string", "integer", "string",
                                        "string", "array",  "object",  "array"};
    buf_printf(out, "{\"type\":\"%s\",\"description\":", types[f->kind]);
    buf_json_string(out, str_from(f->meaning));
    if (f->kind == FIELD_INTEGER)
        buf_printf(out, ",\"minimum\":%lld,\"maximum\":%lld", (long long)f->least,
                   (long long)f->most);
    if (f->kind == FIELD_INTEGER && f->offset >= 0)
        buf_printf(out, ",\"default\":%lld", (long long)f->fallback);
    if (f->kind == FIELD_DURATION) buf_add(out, S(",\"format\":\"duration\",\"pattern\":\"^P\""));
    if (f->kind == FIELD_TEXT || f->kind == FIELD_PATH) buf_add(out, S(",\"minLength\":1"));
    if (f->kind == FIELD_LIST) buf_add(out, S(",\"items\":{\"type\":\"string\",\"minLength\":1}"));
    if (f->kind == FIELD_CHOICE) {
        buf_add(out, S(",\"enum\":["));
        for (isize i = 0; f->choices[i]; i++)
            buf_printf(out, "%s\"%s\"", i ? "," : "", f->choices[i]);
        buf_printf(out, "],\"default\":\"%s\"", f->choices[f->fallback]);
    }
    if (f->kind == FIELD_OBJECT) {
        buf_byte(out, ',');
        schema_object(out, f->fields);
    }
    if (f->kind == FIELD_ENDPOINTS) {
        buf_add(out, S(",\"items\":{\"type\":\"object\","));
        schema_object(out, f->fields);
        buf_byte(out, '}');
    }
    buf_byte(out, '}');
}

/* The members that follow "type": properties, required, nothing else. */
static void schema_object(buf *out, const field *fields) {
    buf_add(out, S("\"properties\":{"));
    for (const field *f = fields; f->name; f++) {
        buf_printf(out, "%s\"%s\":", f == fields ? "" : ",", f->name);
        schema_field(out, f);
    }
    buf_add(out, S("},\"required\":["));
    bool first = true;
    for (const field *f = fields; f->name; f++) {
        if (!f->required) continue;
        buf_printf(out, "%s\"%s\"", first ? "" : ",", f->name);
        first = false;
    }
    buf_add(out, S("],\"additionalProperties\":false"));
}

void settings_schema(buf *out) {
    buf_add(out, S("{\"$schema\":\"https://json-schema.org/draft/2020-12/"
                   "schema\",\"title\":\"fhirtrial.json\",\"type\":\"object\","));
    schema_object(out, config_fields);
    buf_byte(out, '}');
}
