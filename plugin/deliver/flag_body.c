/* SPDX-License-Identifier: Apache-2.0 */
/* flag_body.c: from the stored Flag to the one that is sent. */
#include "deliver/flag_body.h"

#include <stdio.h>

/* --- reading the stored body --- */

static bool find_identifier(const json *flag, str key, str *system) {
    const json *list = json_get(flag, "identifier");
    for (const json *i = list ? list->child : NULL; i; i = i->next) {
        if (!str_eq(json_text(i, "value"), key)) continue;
        *system = json_text(i, "system");
        return system->n > 0;
    }
    return false;
}

static bool find_subject(const json *flag, flag_message *out) {
    const json *subject = json_get(flag, "subject"), *identifier = json_get(subject, "identifier");
    out->subject = json_text(subject, "reference");
    out->subject_system = json_text(identifier, "system");
    out->subject_value = json_text(identifier, "value");
    return out->subject.n > 0 || (out->subject_system.n > 0 && out->subject_value.n > 0);
}

/* A key goes into URLs and headers: lower-case hexadecimal digits and hyphens only. */
static bool is_key(str key) {
    for (isize i = 0; i < key.n; i++) {
        char c = key.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-')) return false;
    }
    return key.n > 0 && key.n <= 64;
}

bool flag_message_read(arena *arena, str body, str key, int64_t seq, str sha256, flag_message *out,
                       const char **why) {
    *out = (flag_message){.body = document_read(arena, body), .key = key, .seq = seq};
    *why = NULL;
    if (!document_is(out->body, "Flag"))
        *why = "the stored body is no Flag";
    else if (!is_key(key) || sha256.n < FLAG_TAG_HASH || seq < 0)
        *why = "the stored key or digest cannot be used";
    else if (!find_identifier(out->body, key, &out->system))
        *why = "the stored Flag lacks the identifier of its key";
    else if (!find_subject(out->body, out))
        *why = "the stored Flag lacks a subject";
    out->hash = str_slice(sha256, 0, FLAG_TAG_HASH);
    return *why == NULL;
}

/* --- writing what is sent --- */

void flag_tag(const flag_message *message, char code[FLAG_TAG_TEXT]) {
    (void)snprintf(code, FLAG_TAG_TEXT, "%lld-%.*s", (long long)message->seq,
                   STR_ARGS(message->hash));
}

static void write_tags(const flag_message *message, const json *tags, buf *out) {
    char code[FLAG_TAG_TEXT];
    flag_tag(message, code);
    buf_add(out, S("\"tag\":["));
    for (const json *t = tags ? tags->child : NULL; t; t = t->next) {
        json_write(t, out);
        buf_byte(out, ',');
    }
    buf_printf(out, "{\"system\":\"%s\",\"code\":\"%s\"}]", FLAG_TAG_SYSTEM, code);
}

static void write_meta(const flag_message *message, buf *out) {
    const json *meta = json_get(message->body, "meta");
    buf_add(out, S(",\"meta\":{"));
    write_tags(message, json_get(meta, "tag"), out);
    for (const json *m = meta ? meta->child : NULL; m; m = m->next) {
        if (str_eq(m->name, S("tag"))) continue;
        buf_byte(out, ',');
        buf_json_string(out, m->name);
        buf_byte(out, ':');
        json_write(m, out);
    }
    buf_byte(out, '}');
}

static void write_subject(const flag_message *message, buf *out) {
    const json *subject = json_get(message->body, "subject");
    if (message->subject.n == 0) {
        buf_add(out, S(",\"subject\":"));
        json_write(subject, out);
        return;
    }
    buf_add(out, S(",\"subject\":{\"reference\":"));
    buf_json_string(out, message->subject);
    for (const json *m = subject ? subject->child : NULL; m; m = m->next) {
        if (str_eq(m->name, S("reference"))) continue;
        buf_byte(out, ',');
        buf_json_string(out, m->name);
        buf_byte(out, ':');
        json_write(m, out);
    }
    buf_byte(out, '}');
}

str flag_wire(arena *arena, const flag_message *message, str id) {
    buf out = buf_new(arena, LIMIT_REPLY_BYTES, "a Flag to be sent");
    buf_add(&out, S("{\"resourceType\":\"Flag\""));
    if (id.n > 0) {
        buf_add(&out, S(",\"id\":"));
        buf_json_string(&out, id);
    }
    write_meta(message, &out);
    for (const json *m = message->body->child; m; m = m->next) {
        if (str_eq(m->name, S("resourceType")) || str_eq(m->name, S("id")) ||
            str_eq(m->name, S("meta")))
            continue;
        if (str_eq(m->name, S("subject"))) {
            write_subject(message, &out);
            continue;
        }
        buf_byte(&out, ',');
        buf_json_string(&out, m->name);
        buf_byte(&out, ':');
        json_write(m, &out);
    }
    buf_byte(&out, '}');
    return buf_str(&out);
}

/* --- search values --- */

static bool unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void add_encoded(buf *out, char c) {
    static const char digits[] = "0123456789ABCDEF";
    if (!unreserved(c)) {
        buf_byte(out, '%');
        buf_byte(out, digits[(unsigned char)c >> 4]);
        c = digits[(unsigned char)c & 15];
    }
    buf_byte(out, c);
}

static void add_search_text(buf *out, str text) {
    for (isize i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '\\' || c == ',' || c == '$' || c == '|') add_encoded(out, '\\');
        add_encoded(out, c);
    }
}

str flag_search_value(arena *arena, str system, str value) {
    buf out = buf_new(arena, 16384, "a search value");
    add_search_text(&out, system);
    buf_add(&out, S("%7C"));
    add_search_text(&out, value);
    return buf_str(&out);
}
