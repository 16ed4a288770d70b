/* SPDX-License-Identifier: Apache-2.0 */
/* The XML reader against the parser that it stands on. */
#include "bench.h"
#include "fhir/read.h"
#include "messages.h"

#include <libxml/parser.h>

static void on_open(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *space,
                    int n_spaces, const xmlChar **spaces, int n, int defaulted,
                    const xmlChar **attributes) {
    (void)name, (void)prefix, (void)space, (void)n_spaces, (void)spaces, (void)defaulted;
    (void)attributes;
    *(int *)user += n;
}

static void on_close(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *space) {
    (void)name, (void)prefix, (void)space;
    ++*(int *)user;
}

static int64_t libxml2_sax2(int64_t rounds) {
    xmlSAXHandler handler = {
        .initialized = XML_SAX2_MAGIC, .startElementNs = on_open, .endElementNs = on_close};
    str all = messages_xml(), line;
    int events = 0;
    for (int64_t i = 0; i < rounds; i++)
        for (str rest = all; read_next_line(&rest, &line);)
            xmlSAXUserParseMemory(&handler, &events, line.p, (int)line.n);
    BENCH_KEEP(events);
    return rounds * all.n;
}

typedef struct work {
    arena a;
    str line;
} work;

static void read_line(void *state) {
    work *w = state;
    problems found = problems_new(&w->a);
    tape t;
    fault fault;
    BENCH_KEEP(read_xml(&w->a, w->line, NULL, &found, &t, &fault));
}

static int64_t everything(int64_t rounds) {
    static landing where;
    static work w;
    str all = messages_xml();
    if (!w.a.limit) arena_init(&w.a, 1 << 24, &where);
    for (int64_t i = 0; i < rounds; i++)
        for (str rest = all; read_next_line(&rest, &w.line);) {
            arena_clear(&w.a);
            guarded(&where, read_line, &w);
        }
    return rounds * all.n;
}

const bench_case read_xml_bench[] = {BENCH_CASE(libxml2_sax2), BENCH_CASE(everything), BENCH_END};
