/* SPDX-License-Identifier: Apache-2.0 */
/* config.c: reads fhirtrial.json along the table of its keys, and checks what no single key can
 * say. */
#include "config_table.h"

#include "base/decimal.h"
#include "fhir/json.h"

typedef struct reader {
    arena *arena;
    problems *found;
    str base;
} reader;

static void wrong(reader *r, const json *at, const char *code, str text, str remedy) {
    problems_add(r->found, (problem){.level = PROBLEM_ERROR,
                                     .code = code,
                                     .at = at->at,
                                     .place = json_pointer(at, r->arena),
                                     .text = text,
                                     .remedy = remedy});
}

static void expected(reader *r, const json *at, const field *f, const char *what) {
    wrong(r, at, "value", arena_printf(r->arena, "\"%s\" must be %s", f->name, what),
          str_from(f->meaning));
}

#define DAY     (24 * INT64_C(3600000))
#define LONGEST (1000 * 365 * DAY)

typedef struct duration_unit {
    char letter;
    bool time;
    int64_t ms;
} duration_unit;

static const duration_unit duration_units[] = {
    {'Y', false, 365 * DAY}, {'M', false, 30 * DAY}, {'W', false, 7 * DAY}, {'D', false, DAY},
    {'H', true, DAY / 24},   {'M', true, 60000},     {'S', true, 1000}};

static const duration_unit *unit_of(char letter, bool time) {
    for (isize i = 0; i < COUNT_OF(duration_units); i++)
        if (duration_units[i].letter == letter && duration_units[i].time == time)
            return &duration_units[i];
    return NULL;
}

/* The decimal that begins at *at, in thousandths; false when none does or when it has more than
 * three places. */
static bool thousandths(str text, isize *at, int64_t *out) {
    isize start = *at, end = start;
    decimal value;
    while (end < text.n && ((text.p[end] >= '0' && text.p[end] <= '9') || text.p[end] == '.'))
        end++;
    *at = end;
    if (end == start || end - start > 12 || !decimal_parse(str_slice(text, start, end), &value))
        return false;
    return decimal_mul(value, decimal_int(1000), &value) && decimal_to_int64(value, out);
}

/* ISO 8601 duration; a year is 365 days, a month 30: for limits and retention, not for the clinic.
 * Only seconds may have a fraction. */
static bool duration_ms(str text, int64_t *out) {
    bool time = false, any = false;
    *out = 0;
    if (text.n < 2 || text.p[0] != 'P') return false;
    for (isize i = 1; i < text.n; any = true) {
        int64_t value;
        if (text.p[i] == 'T' && !time) {
            time = true;
            i++;
        }
        if (!thousandths(text, &i, &value) || i == text.n) return false;
        const duration_unit *unit = unit_of(text.p[i++], time);
        if (!unit || (value % 1000 != 0 && unit->ms != 1000) || value / 1000 > LONGEST / unit->ms)
            return false;
        *out += value * unit->ms / 1000;
    }
    return any;
}

/* The same the other way round, in days or less and in the largest unit that is whole. */
static str duration_text(arena *arena, int64_t ms) {
    if (ms == 0) return S("PT0S");
    for (const duration_unit *u = unit_of('D', false);
         u < &duration_units[COUNT_OF(duration_units)]; u++)
        if (ms % u->ms == 0)
            return arena_printf(arena, "P%s%lld%c", u->time ? "T" : "", (long long)(ms / u->ms),
                                u->letter);
    return arena_printf(arena, "PT%lld.%03lldS", (long long)(ms / 1000), (long long)(ms % 1000));
}

/* "0 to 64", "PT0S to PT1H". */
static str range_text(reader *r, const field *f) {
    if (f->kind != FIELD_DURATION)
        return arena_printf(r->arena, "%lld to %lld", (long long)f->least, (long long)f->most);
    str least = duration_text(r->arena, f->least), most = duration_text(r->arena, f->most);
    return arena_printf(r->arena, "%.*s to %.*s", STR_ARGS(least), STR_ARGS(most));
}

static bool whole_number(const json *value, int64_t *out) {
    decimal number;
    return value->kind == JSON_NUMBER && decimal_parse(value->text, &number) &&
           decimal_to_int64(number, out);
}

static void read_object(reader *r, const json *object, const field *fields, void *into);

static str choice_list(reader *r, const field *f) {
    buf text = buf_new(r->arena, FAULT_TEXT, "a list of choices");
    for (isize i = 0; f->choices[i]; i++)
        buf_printf(&text, "%s\"%s\"", i ? " or " : "", f->choices[i]);
    return buf_str(&text);
}

static void read_choice(reader *r, const json *value, const field *f, int *to) {
    for (isize i = 0; value->kind == JSON_STRING && f->choices[i]; i++) {
        if (str_eq(value->text, str_from(f->choices[i]))) {
            *to = (int)i;
            return;
        }
    }
    wrong(r, value, "value", arena_printf(r->arena, "\"%s\" must be one of its choices", f->name),
          choice_list(r, f));
}

static void read_text(reader *r, const json *value, const field *f, str *to) {
    if (value->kind != JSON_STRING || value->text.n == 0) {
        expected(r, value, f, "a text that is not empty");
        return;
    }
    *to = value->text;
    if (f->kind == FIELD_TEXT && value->text.n > LIMIT_IDENTIFIER_BYTES)
        wrong(r, value, "too-long",
              arena_printf(r->arena, "\"%s\" is longer than %d bytes", f->name,
                           LIMIT_IDENTIFIER_BYTES),
              S("shorten it"));
    if (f->kind != FIELD_PATH) return;
    if (value->text.p[0] == '/') {
        *to = arena_printf(r->arena, "%.*s", STR_ARGS(value->text)); /* the system wants a NUL */
        return;
    }
    if (r->base.n == 0) {
        wrong(r, value, "value",
              arena_printf(r->arena, "the relative path of \"%s\" starts nowhere", f->name),
              S("write an absolute path, or set \"base\" to the folder it starts from"));
        return;
    }
    *to = arena_printf(r->arena, "%.*s/%.*s", STR_ARGS(r->base), STR_ARGS(value->text));
}

static void read_number(reader *r, const json *value, const field *f, int64_t *to) {
    int64_t number;
    if (f->kind == FIELD_DURATION) {
        if (value->kind != JSON_STRING || !duration_ms(value->text, &number)) {
            str such = duration_text(r->arena, f->fallback > 0 ? f->fallback : f->most);
            expected(
                r, value, f,
                arena_printf(r->arena, "an ISO 8601 duration such as \"%.*s\"", STR_ARGS(such)).p);
            return;
        }
    } else if (!whole_number(value, &number)) {
        expected(r, value, f, "a whole number");
        return;
    }
    if (number < f->least || number > f->most) {
        wrong(r, value, "value",
              arena_printf(r->arena, "\"%s\" is out of its range %.*s", f->name,
                           STR_ARGS(range_text(r, f))),
              str_from(f->meaning));
        return;
    }
    if (to) *to = number;
}

static void read_list(reader *r, const json *value, const field *f, str_list *to) {
    str *items = arena_new(r->arena, str, value->kind == JSON_ARRAY ? value->count : 0);
    isize n = 0;
    if (value->kind != JSON_ARRAY) expected(r, value, f, "an array of texts");
    for (const json *item = value->kind == JSON_ARRAY ? value->child : NULL; item;
         item = item->next) {
        if (item->kind == JSON_STRING && item->text.n > 0)
            items[n++] = item->text;
        else
            expected(r, item, f, "an array of texts");
    }
    *to = (str_list){items, n};
}

static void read_endpoints(reader *r, const json *value, const field *f, settings *into) {
    if (value->kind != JSON_ARRAY) {
        expected(r, value, f, "an array of endpoints");
        return;
    }
    into->endpoints = arena_new(r->arena, endpoint_settings, value->count);
    for (const json *item = value->child; item; item = item->next)
        read_object(r, item, f->fields, &into->endpoints[into->endpoint_count++]);
}

static void read_field(reader *r, const json *value, const field *f, void *into) {
    char *to = (char *)into + f->offset;
    switch (f->kind) {
    case FIELD_TEXT:
    case FIELD_PATH: read_text(r, value, f, (str *)(void *)to); break;
    case FIELD_INTEGER:
    case FIELD_DURATION:
        read_number(r, value, f, f->offset < 0 ? NULL : (int64_t *)(void *)to);
        break;
    case FIELD_CHOICE: read_choice(r, value, f, (int *)(void *)to); break;
    case FIELD_LIST: read_list(r, value, f, (str_list *)(void *)to); break;
    case FIELD_OBJECT: read_object(r, value, f->fields, into); break;
    case FIELD_ENDPOINTS: read_endpoints(r, value, f, into); break;
    }
}

static void set_fallbacks(const field *fields, void *into) {
    for (const field *f = fields; f->name; f++) {
        char *to = (char *)into + f->offset;
        if (f->kind == FIELD_OBJECT) set_fallbacks(f->fields, into);
        if (f->kind == FIELD_CHOICE) *(int *)(void *)to = (int)f->fallback;
        if ((f->kind == FIELD_INTEGER || f->kind == FIELD_DURATION) && f->offset >= 0)
            *(int64_t *)(void *)to = f->fallback;
    }
}

enum { MOST_KEYS = 24 };

static void read_object(reader *r, const json *object, const field *fields, void *into) {
    const char *names[MOST_KEYS + 1] = {0};
    set_fallbacks(fields, into);
    if (object->kind != JSON_OBJECT) {
        wrong(r, object, "structure", S("an object is expected here"), S("write { ... }"));
        return;
    }
    for (isize i = 0; i < MOST_KEYS && fields[i].name; i++) names[i] = fields[i].name;
    json_only(object, names, (str){0}, r->found);
    for (const field *f = fields; f->name; f++) {
        const json *value = json_get(object, f->name);
        if (value && value->kind != JSON_NULL)
            read_field(r, value, f, into);
        else if (f->required)
            wrong(r, object, "required", arena_printf(r->arena, "\"%s\" is missing", f->name),
                  str_from(f->meaning));
    }
}

/* --- what no single key can say --- */

static void need(reader *r, const json *at, str value, const char *name, const char *why) {
    if (value.n == 0)
        wrong(r, at, "required", arena_printf(r->arena, "\"%s\" is missing", name), str_from(why));
}

static bool after_prefix(str text, str prefix, str *rest) {
    if (!str_starts(text, prefix)) return false;
    *rest = str_trim(str_slice(text, prefix.n, text.n));
    return rest->n > 0;
}

static void check_patient(reader *r, const json *at, endpoint_settings *e) {
    const json *value = json_get(at, "patient");
    e->by_identifier = after_prefix(e->patient, S("identifier:"), &e->identifier_system);
    if (e->by_identifier || after_prefix(e->patient, S("same-as-source:"), &e->source)) return;
    wrong(r, value ? value : at, "value", S("\"patient\" does not say who a Flag's subject is"),
          S("write \"same-as-source: NAME\" or \"identifier: SYSTEM\""));
}

static void check_auth(reader *r, const json *at, const endpoint_config *wire) {
    const json *auth = json_get(at, "auth");
    if (!auth) auth = at;
    if (wire->auth == AUTH_SMART_BACKEND) {
        need(r, auth, wire->client_id, "clientId", "SMART Backend Services needs the client's id");
        need(r, auth, wire->key_path, "key", "SMART Backend Services needs the private key's file");
        need(r, auth, wire->key_id, "keyId", "the kid that the server's registration names");
        need(r, auth, wire->scope, "scope", "for example system/Flag.crus");
        if (!str_eq(wire->algorithm, S("RS384")) && !str_eq(wire->algorithm, S("ES384")))
            wrong(r, auth, "value", S("\"algorithm\" is neither RS384 nor ES384"),
                  S("these two are what SMART Backend Services defines"));
    }
    if (wire->auth == AUTH_BASIC) {
        need(r, auth, wire->user, "user", "basic authentication needs a user");
        need(r, auth, wire->password_path, "password",
             "basic authentication needs a file with the password");
    }
    if (wire->auth == AUTH_MTLS) {
        need(r, at, wire->client_cert_path, "tls.clientCert", "mutual TLS needs a certificate");
        need(r, at, wire->client_key_path, "tls.clientKey", "mutual TLS needs its key");
    }
}

static void check_endpoint(reader *r, const json *at, endpoint_settings *e) {
    check_patient(r, at, e);
    if (e->wire.type == ENDPOINT_FILE) {
        need(r, at, e->wire.path, "path", "an endpoint of type file needs the file's path");
        return;
    }
    need(r, at, e->wire.url, "url", "an endpoint of type fhir needs its base URL");
    need(r, at, e->wire.ca_path, "tls.ca",
         "name the authorities that may vouch for the server; no others are trusted");
    const json *url = json_get(at, "url");
    if (url && (!str_starts(e->wire.url, S("https://")) || str_ends(e->wire.url, S("/")) ||
                str_find_byte(e->wire.url, '?', 0) >= 0 || str_find_byte(e->wire.url, '@', 0) >= 0))
        wrong(r, url, "value", S("\"url\" is no https base URL"),
              S("write https://host[:port]/path without trailing slash, query or user"));
    check_auth(r, at, &e->wire);
}

static void check_endpoints(reader *r, const json *root, settings *s) {
    const json *list = json_get(root, "endpoints");
    isize i = 0;
    for (const json *at = list && list->kind == JSON_ARRAY ? list->child : NULL; at;
         at = at->next, i++) {
        check_endpoint(r, at, &s->endpoints[i]);
        for (isize k = 0; k < i; k++)
            if (str_eq(s->endpoints[k].wire.name, s->endpoints[i].wire.name))
                wrong(r, at, "invariant", S("two endpoints have one name"),
                      S("names are part of Flag identifiers and must differ"));
    }
}

/* A URI has a scheme: RFC 3986 section 3.1. */
static bool is_uri(str text) {
    isize colon = str_find_byte(text, ':', 0);
    for (isize i = 0; i < colon; i++) {
        char c = text.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool more = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!letter && !(i > 0 && more)) return false;
    }
    return colon > 0 && colon + 1 < text.n;
}

/* Both stand in every Flag and never change later. */
static void check_systems(reader *r, const json *root, const settings *s) {
    const json *flag = json_get(root, "flag");
    const struct {
        const char *name;
        str value;
    } systems[] = {{"identifierSystem", s->flag.identifier_system},
                   {"codeSystem", s->flag.code_system}};
    for (isize i = 0; i < COUNT_OF(systems); i++) {
        const json *at = json_get(flag, systems[i].name);
        if (at && systems[i].value.n > 0 && !is_uri(systems[i].value))
            wrong(r, at, "value", arena_printf(r->arena, "\"%s\" is no URI", systems[i].name),
                  S("write an absolute URI of the hospital, such as "
                    "https://hospital.example/fhir/flags"));
    }
}

bool settings_read(arena *arena, str text, settings *out, problems *found) {
    const json *root;
    fault fault = {0};
    isize before = found->errors;
    *out = (settings){0};
    if (!json_read(arena, text, &root, &fault)) {
        problems_add(found, (problem){.level = PROBLEM_FATAL,
                                      .code = "structure",
                                      .at = fault.at,
                                      .text = str_from(fault.text),
                                      .remedy = json_remedy(text, fault.at)});
        return false;
    }
    str base = root->kind == JSON_OBJECT ? json_text(root, "base") : (str){0};
    if (base.n > 1 && base.p[base.n - 1] == '/') base.n--;
    reader r = {arena, found, base};
    if (base.n > 0 && base.p[0] != '/') {
        wrong(&r, json_get(root, "base"), "value", S("\"base\" is no absolute path"),
              S("the current folder belongs to the host; write the whole path"));
        r.base = S("/");
    }
    read_object(&r, root, config_fields, out);
    if (root->kind == JSON_OBJECT) {
        check_systems(&r, root, out);
        check_endpoints(&r, root, out);
    }
    return found->errors == before;
}
