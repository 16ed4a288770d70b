/* SPDX-License-Identifier: Apache-2.0 */
/* The ten expressions that FHIRPath engines are compared by, on parsed resources, and compilation.
 * A round is one evaluation; the arena is rewound after each, as the view room does. */
#include "path/path.h"
#include "bench.h"
#include "fhir/read.h"

#include <stdio.h>
#include <stdlib.h>

static const char patient[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"extension\":[{\"url\":"
    "\"http://hl7.org/fhir/us/core/StructureDefinition/"
    "us-core-race\",\"extension\":[{\"url\":\"text\","
    "\"valueString\":\"White\"}]},{\"url\":\"http://hl7.org/fhir/us/core/StructureDefinition/"
    "us-core-birthsex\",\"valueCode\":\"F\"}],\"identifier\":[{\"system\":\"urn:a\",\"value\":"
    "\"1\"},{"
    "\"type\":{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
    "v2-0203\",\"code\":\"MR\"}]},"
    "\"system\":\"urn:b\",\"value\":\"2\"}],\"active\":true,\"name\":[{\"use\":\"official\","
    "\"family\":"
    "\"Chalmers\",\"given\":[\"Peter\",\"James\"]},{\"use\":\"usual\",\"given\":[\"Jim\"]}],"
    "\"gender\":"
    "\"female\",\"birthDate\":\"1974-12-25\"}";

static const char observation[] =
    "{\"resourceType\":\"Observation\",\"id\":\"o1\",\"status\":\"final\",\"category\":[{"
    "\"coding\":[{"
    "\"code\":\"survey\"}]}],\"code\":{\"coding\":[{\"system\":\"urn:local\",\"code\":\"x\"},{"
    "\"system\":"
    "\"urn:codes\",\"code\":\"72514-3\"}]},\"subject\":{\"reference\":\"Patient/p1\"},"
    "\"effectiveDateTime\":\"2025-03-01T10:00:00+01:00\",\"valueQuantity\":{\"value\":7.60,"
    "\"unit\":"
    "\"{score}\"},\"component\":[{\"code\":{\"coding\":[{\"code\":\"8480-6\"}]},\"valueQuantity\":{"
    "\"value\":120}},{\"code\":{\"coding\":[{\"code\":\"8462-4\"}]},\"valueQuantity\":{\"value\":"
    "80}}]}";

enum { BUNDLE_ENTRIES = 50 };

typedef struct prepared {
    arena arena;
    landing landing;
    tape tape;
    const program *program;
    path_run run;
    const char *json, *expression;
    int64_t rounds;
    bool compile_only;
} prepared;

static void prepare(void *state) {
    prepared *p = state;
    fault why;
    if (!read_json(&p->arena, str_from(p->json), NULL, NULL, &p->tape, &why)) abort();
    p->run = (path_run){.tape = &p->tape, .arena = &p->arena};
    when_parse_datetime(S("2025-06-30T12:00:00Z"), &p->run.now);
}

static void compile(prepared *p) {
    path_environment e = {.model = p->tape.model, .root = p->tape.nodes[0].type};
    problems found = problems_new(&p->arena);
    p->program = path_compile(&p->arena, &e, str_from(p->expression), S(""), S(""), &found);
    if (!p->program) abort();
}

static void repeat(void *state) {
    prepared *p = state;
    if (!p->compile_only) compile(p);
    arena_mark mark = arena_here(&p->arena);
    for (int64_t i = 0; i < p->rounds; i++) {
        collection got = {0};
        if (p->compile_only)
            compile(p);
        else if (path_evaluate(p->program, &p->run, 0, &got) != PATH_OK)
            abort();
        BENCH_KEEP(got.n);
        arena_rewind(&p->arena, mark);
    }
}

static int64_t run(const char *json, const char *expression, int64_t rounds, bool compile_only) {
    prepared *p = calloc(1, sizeof *p);
    if (!p) abort();
    p->json = json;
    p->expression = expression;
    p->rounds = rounds;
    p->compile_only = compile_only;
    arena_init(&p->arena, 1 << 28, &p->landing);
    if (!guarded(&p->landing, prepare, p) || !guarded(&p->landing, repeat, p)) abort();
    arena_release(&p->arena);
    free(p);
    return 0;
}

/* A Bundle of Observations. */
static const char *bundle(void) {
    static char text[BUNDLE_ENTRIES * (sizeof observation + 32) + 64];
    if (text[0]) return text;
    int n = snprintf(text, sizeof text,
                     "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[");
    for (int i = 0; i < BUNDLE_ENTRIES; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%s{\"resource\":%s}", i ? "," : "",
                      observation);
    snprintf(text + n, sizeof text - (size_t)n, "]}");
    return text;
}

#define CASE(name, json, expression)                                                               \
    static int64_t name(int64_t rounds) { return run(json, expression, rounds, false); }

CASE(birth_date, patient, "Patient.birthDate")
CASE(name_where, patient, "Patient.name.where(use = 'official').family")
CASE(date_compare, patient, "Patient.birthDate <= @2006-01-01")
CASE(extension, patient,
     "Patient.extension('http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex').value")
CASE(identifier_exists, patient, "Patient.identifier.where(type.coding.exists(code = 'MR')).value")
CASE(coding_where, observation,
     "Observation.code.coding.where(system = 'urn:codes' and code = '72514-3').exists()")
CASE(value_order, observation, "Observation.value.ofType(Quantity).value >= 4")
CASE(status_in, observation, "Observation.status in ('final' | 'amended')")
CASE(component_where, observation,
     "Observation.component.where(code.coding.exists(code = "
     "'8480-6')).value.ofType(Quantity).value.first()")
CASE(bundle_of_50, bundle(),
     "Bundle.entry.resource.ofType(Observation).where(code.coding.exists(code = '72514-3') and "
     "value.ofType(Quantity).value >= 40).exists()")

static int64_t compile_where(int64_t rounds) {
    return run(observation,
               "Observation.code.coding.where(system = 'urn:codes' and code = '72514-3').exists()",
               rounds, true);
}

const bench_case path_bench[] = {
    BENCH_CASE(birth_date),   BENCH_CASE(name_where),        BENCH_CASE(date_compare),
    BENCH_CASE(extension),    BENCH_CASE(identifier_exists), BENCH_CASE(coding_where),
    BENCH_CASE(value_order),  BENCH_CASE(status_in),         BENCH_CASE(component_where),
    BENCH_CASE(bundle_of_50), BENCH_CASE(compile_where),     BENCH_END,
};
