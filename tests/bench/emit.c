/* SPDX-License-Identifier: Apache-2.0 */
#include "emit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(emitter *e, const char *bytes, size_t n) {
    if (e->n + n > e->cap) {
        e->cap = (e->n + n) * 2;
        e->p = realloc(e->p, e->cap);
        if (!e->p) abort();
    }
    memcpy(e->p + e->n, bytes, n);
    e->n += n;
}

static void puts_(emitter *e, const char *text) { put(e, text, strlen(text)); }

/* The escape of a byte, or NULL where it stands for itself. */
static const char *json_escape(char c) {
    switch (c) {
    case '"': return "\\\"";
    case '\\': return "\\\\";
    case '\n': return "\\n";
    case '\t': return "\\t";
    default: return NULL;
    }
}

static const char *xml_escape(char c) {
    switch (c) {
    case '"': return "&quot;";
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '\n': return "&#10;";
    case '\t': return "&#9;";
    default: return NULL;
    }
}

static void put_escaped(emitter *e, const char *text) {
    const char *from = text;
    for (const char *c = text; *c; c++) {
        const char *escape = e->xml ? xml_escape(*c) : json_escape(*c);
        if (!escape) continue;
        put(e, from, (size_t)(c - from));
        puts_(e, escape);
        from = c + 1;
    }
    puts_(e, from);
}

/* JSON: comma and name in front of a value. */
static void put_name(emitter *e, const char *name) {
    if (e->depth) {
        emit_level *in = &e->level[e->depth - 1];
        if (in->used) puts_(e, ",");
        in->used = true;
    }
    if (!name) return;
    puts_(e, "\"");
    puts_(e, name);
    puts_(e, "\":");
}

/* XML: the element's name; an item is called as its list. */
static const char *element(const emitter *e, const char *name) {
    return name ? name : e->level[e->depth - 1].name;
}

static void open_tag(emitter *e, const char *name) {
    puts_(e, "<");
    puts_(e, name);
}

static void push(emitter *e, emit_kind kind, const char *name, const char *type) {
    if (e->depth == EMIT_DEPTH) abort();
    e->level[e->depth++] = (emit_level){kind, name, type, false};
}

void emit_resource(emitter *e, const char *name, const char *type) {
    if (e->xml) {
        if (name) open_tag(e, name), puts_(e, ">");
        open_tag(e, type);
        puts_(e, e->depth ? ">" : " xmlns=\"http://hl7.org/fhir\">");
    } else {
        put_name(e, name);
        puts_(e, "{\"resourceType\":\"");
        puts_(e, type);
        puts_(e, "\"");
    }
    push(e, EMIT_RESOURCE, name, type);
    e->level[e->depth - 1].used = true;
}

void emit_object(emitter *e, const char *name) {
    if (e->xml)
        open_tag(e, element(e, name)), puts_(e, ">");
    else
        put_name(e, name), puts_(e, "{");
    push(e, EMIT_OBJECT, e->depth ? element(e, name) : name, NULL);
}

void emit_list(emitter *e, const char *name) {
    if (!e->xml) put_name(e, name), puts_(e, "[");
    push(e, EMIT_LIST, name, NULL);
}

void emit_extension(emitter *e, const char *url) {
    if (e->xml) {
        puts_(e, "<extension url=\"");
        put_escaped(e, url);
        puts_(e, "\">");
        push(e, EMIT_EXTENSION, "extension", NULL);
        return;
    }
    put_name(e, NULL);
    puts_(e, "{");
    push(e, EMIT_EXTENSION, "extension", NULL);
    emit_text(e, "url", url);
}

void emit_end(emitter *e) {
    const emit_level *l = &e->level[--e->depth];
    if (!e->xml) {
        puts_(e, l->kind == EMIT_LIST ? "]" : "}");
        return;
    }
    if (l->kind == EMIT_LIST) return;
    if (l->type) puts_(e, "</"), puts_(e, l->type), puts_(e, ">");
    if (l->name) puts_(e, "</"), puts_(e, l->name), puts_(e, ">");
}

static void begin_value(emitter *e, const char *name, const char *json_quote) {
    if (e->xml)
        open_tag(e, element(e, name)), puts_(e, " value=\"");
    else
        put_name(e, name), puts_(e, json_quote);
}

static void end_value(emitter *e, const char *json_quote) {
    puts_(e, e->xml ? "\"/>" : json_quote);
}

void emit_text(emitter *e, const char *name, const char *value) {
    begin_value(e, name, "\"");
    put_escaped(e, value);
    end_value(e, "\"");
}

void emit_literal(emitter *e, const char *name, const char *value) {
    begin_value(e, name, "");
    puts_(e, value);
    end_value(e, "");
}

void emit_format(emitter *e, const char *name, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    emit_text(e, name, text);
}

void emit_escaped_digits(emitter *e, const char *name, const char *value) {
    char escape[8];
    begin_value(e, name, "\"");
    for (const char *c = value; *c; c++) {
        if (*c < '0' || *c > '9') {
            put(e, c, 1);
            continue;
        }
        if (e->xml)
            snprintf(escape, sizeof escape, "&#%d;", *c);
        else
            snprintf(escape, sizeof escape, "\\u%04x", *c);
        puts_(e, escape);
    }
    end_value(e, "\"");
}

void emit_div(emitter *e, const char *xhtml) {
    if (e->xml)
        puts_(e, xhtml);
    else
        emit_text(e, "div", xhtml);
}

void emit_line(emitter *e) { puts_(e, "\n"); }
