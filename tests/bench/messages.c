/* SPDX-License-Identifier: Apache-2.0 */
#include "messages.h"

#include "resources.h"

enum { LINES = 20000, SEED = 1 };

static void begin(void *left, emitter *e, const char *type, const char *id) {
    (void)left;
    emit_resource(e, NULL, type);
    emit_text(e, "id", id);
}

static bool end(void *left, emitter *e) {
    emit_end(e);
    emit_line(e);
    return --*(int *)left > 0;
}

static str make(emitter *e) {
    int left = LINES;
    resource_sink sink = {begin, end, &left};
    for (uint64_t patient = 0; left > 0; patient++) resources_of_patient(e, SEED, patient, &sink);
    return (str){e->p, (isize)e->n};
}

str messages_json(void) {
    static emitter e;
    return e.p ? (str){e.p, (isize)e.n} : make(&e);
}

str messages_xml(void) {
    static emitter e = {.xml = true};
    return e.p ? (str){e.p, (isize)e.n} : make(&e);
}
