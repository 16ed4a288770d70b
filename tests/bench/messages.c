/* SPDX-License-Identifier: Apache-2.0 */
#include "messages.h"

#include "fhir/model_ids.h"
#include "fhir/read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINES = 4000, ROOM = 2048 /* bytes of one resource, at most */ };

typedef struct text {
    char *p;
    size_t n, cap;
} text;

static __attribute__((format(printf, 2, 3))) void add(text *t, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    t->n += (size_t)vsnprintf(t->p + t->n, t->cap - t->n, format, arguments);
    va_end(arguments);
}

/* Any sequence will do, as long as it is always the same (Knuth's constants). */
static unsigned choose(unsigned n) {
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

static void add_uuid(text *t) {
    add(t, "%04x%04x-%04x-4%03x-8%03x-%04x%04x%04x", choose(65536), choose(65536), choose(65536),
        choose(4096), choose(4096), choose(65536), choose(65536), choose(65536));
}

static void add_meta(text *t, const char *type) {
    add(t, "{\"resourceType\":\"%s\",\"id\":\"", type);
    add_uuid(t);
    add(t,
        "\",\"meta\":{\"versionId\":\"1\",\"lastUpdated\":\"2024-0%u-1%uT08:%02u:00.000Z\","
        "\"profile\":["
        "\"http://profiles.example/StructureDefinition/%s\"]}",
        1 + choose(9), choose(10), choose(60), type);
}

static void add_coding(text *t, const char *system, const char *code, const char *display) {
    add(t, "{\"system\":\"%s\",\"code\":\"%s\",\"display\":\"%s\"}", system, code, display);
}

static void add_links(text *t) {
    add(t, ",\"subject\":{\"reference\":\"Patient/");
    add_uuid(t);
    add(t, "\"},\"encounter\":{\"reference\":\"Encounter/");
    add_uuid(t);
    add(t, "\"}");
}

static void add_quantity(text *t, const char *unit) {
    add(t,
        "\"valueQuantity\":{\"value\":%u.%u0,\"unit\":\"%s\",\"system\":\"http://"
        "unitsofmeasure.org\","
        "\"code\":\"%s\"}",
        choose(200), choose(10), unit, unit);
}

static void add_components(text *t) {
    add(t, ",\"component\":[");
    for (unsigned i = 0, n = 2 + choose(3); i < n; i++) {
        add(t, "%s{\"code\":{\"coding\":[", i ? "," : "");
        add_coding(t, "http://codes.example/panel", "part", "One part of a panel of values");
        add(t, "],\"text\":\"One part of a panel of values\"},");
        add_quantity(t, "mm[Hg]");
        add(t, "}");
    }
    add(t, "]");
}

static void add_observation(text *t) {
    static const char *const names[] = {"Body height", "Heart rate", "Leukocytes in blood",
                                        "Temp\\u00e9rature", "K\xC3\xB6rpergewicht"};
    bool pain = choose(10) == 0;
    const char *name = pain ? "Pain severity" : names[choose(5)];
    add_meta(t, "Observation");
    add(t, ",\"status\":\"final\",\"category\":[{\"coding\":[");
    add_coding(t, "http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs",
               "vital-signs");
    add(t, "]}],\"code\":{\"coding\":[");
    add_coding(t, "http://codes.example/local", pain ? "pain" : "other", name);
    add(t, ",");
    add_coding(t, "http://codes.example/standard", pain ? "pain-0-10" : "other", name);
    add(t, "],\"text\":\"%s\"}", name);
    add_links(t);
    add(t,
        ",\"effectiveDateTime\":\"2023-1%u-2%uT10:%02u:00+01:00\",\"issued\":"
        "\"2023-12-01T11:00:00.%03uZ\",",
        choose(3), choose(9), choose(60), choose(1000));
    add_quantity(t, pain ? "{score}" : "mg/dL");
    if (choose(2))
        add(t, ",\"referenceRange\":[{\"low\":{\"value\":0.60,\"unit\":\"mg/"
               "dL\"},\"high\":{\"value\":1.30,"
               "\"unit\":\"mg/dL\"},\"text\":\"usual\"}]");
    if (!pain && choose(3) == 0) add_components(t);
    add(t, "}\n");
}

static void add_procedure(text *t) {
    add_meta(t, "Procedure");
    add(t, ",\"status\":\"completed\",\"code\":{\"coding\":[");
    add_coding(t, "http://codes.example/procedures", "430193006", "Something done (procedure)");
    add(t, "],\"text\":\"Something done \\\"as received\\\" (procedure)\"}");
    add_links(t);
    add(t,
        ",\"performedPeriod\":{\"start\":\"2022-03-0%uT09:00:00+01:00\",\"end\":"
        "\"2022-03-1%uT09:30:00+01:00\"},\"reasonReference\":[{\"display\":\"A reason\"}]}\n",
        1 + choose(8), choose(9));
}

static void add_patient(text *t) {
    add_meta(t, "Patient");
    add(t, ",\"identifier\":[");
    for (int i = 0; i < 4; i++)
        add(t,
            "%s{\"use\":\"usual\",\"system\":\"https://hospital.example/%d\",\"value\":\"%08u\"}",
            i ? "," : "", i, choose(100000000));
    add(t,
        "],\"name\":[{\"use\":\"official\",\"family\":\"M\xC3\xBCller%u\",\"given\":["
        "\"Zo\xC3\xAB\","
        "\"Maria\"]}],\"gender\":\"female\",\"birthDate\":\"19%02u-0%u-1%u\",\"address\":[{"
        "\"line\":["
        "\"1 High "
        "Street\"],\"city\":\"Worcester\",\"postalCode\":\"01545\"}],\"multipleBirthBoolean\":"
        "false}\n",
        choose(1000), choose(100), 1 + choose(9), choose(10));
}

str messages_json(void) {
    static text t;
    if (t.p) return (str){t.p, (isize)t.n};
    t.cap = (size_t)LINES * ROOM;
    t.p = malloc(t.cap);
    for (int i = 0; i < LINES; i++) {
        unsigned kind = choose(60);
        if (kind == 0)
            add_patient(&t);
        else if (kind < 6)
            add_procedure(&t);
        else
            add_observation(&t);
    }
    return (str){t.p, (isize)t.n};
}

/* --- the same as XML --- */

static void add_attribute(text *out, str value) {
    add(out, "\"");
    for (isize i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (c == '"')
            add(out, "&quot;");
        else if (c == '&')
            add(out, "&amp;");
        else if (c == '<')
            add(out, "&lt;");
        else
            out->p[out->n++] = c;
    }
    add(out, "\"");
}

static void add_node(text *out, const tape *t, uint32_t index, arena *a) {
    const node *n = &t->nodes[index];
    str name = index ? tape_name(t, index, a) : model_type_name(t->model, n->type);
    add(out, "<%.*s", STR_ARGS(name));
    if (!index) add(out, " xmlns=\"http://hl7.org/fhir\"");
    if (n->kind == NODE_PRIMITIVE) {
        add(out, " value=");
        add_attribute(out, tape_text(t, index, a));
    }
    add(out, n->kind == NODE_PRIMITIVE ? "/>" : ">");
    if (n->kind == NODE_PRIMITIVE) return;
    for (uint32_t c = index + 1; c < n->next; c = t->nodes[c].next) add_node(out, t, c, a);
    add(out, "</%.*s>", STR_ARGS(name));
}

typedef struct conversion {
    arena a;
    str line;
    text *out;
} conversion;

static void convert(void *state) {
    conversion *c = state;
    tape t;
    fault fault;
    if (read_json(&c->a, c->line, NULL, NULL, &t, &fault)) add_node(c->out, &t, 0, &c->a);
    add(c->out, "\n");
}

str messages_xml(void) {
    static text t;
    if (t.p) return (str){t.p, (isize)t.n};
    t.cap = (size_t)LINES * ROOM * 2;
    t.p = malloc(t.cap);
    landing where = {0};
    conversion c = {.out = &t};
    arena_init(&c.a, 1 << 24, &where);
    str rest = messages_json();
    while (read_next_line(&rest, &c.line)) {
        arena_clear(&c.a);
        guarded(&where, convert, &c);
    }
    arena_release(&c.a);
    return (str){t.p, (isize)t.n};
}
