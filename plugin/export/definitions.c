/* SPDX-License-Identifier: Apache-2.0 */
/* definitions.c: the studies as FHIR R4 definitions: a Bundle with a ResearchStudy and an
 * EvidenceVariable for each, one characteristic a criterion with its sentence. The expression is
 * that of protocol.json: it reads the patient record (root type Record) and the protocol's own
 * steps, so it tells what is computed and does not run by itself elsewhere. */
#include "export/writer.h"

static void put(buf *out, const char *name, str text) {
    if (!text.n) return;
    char last = out->p[out->n - 1];
    if (last != '{' && last != '[') buf_byte(out, ',');
    buf_printf(out, "\"%s\":", name);
    buf_json_string(out, text);
}

static str variable_url(arena *arena, const study *s) {
    return arena_printf(arena, "urn:fhirtrial:evidence-variable:%.*s", STR_ARGS(study_id(s)));
}

static void put_identifier(const study *s, buf *out) {
    const json *identifier = json_get(study_document(s), "identifier");
    str system = json_text(identifier, "system"), value = json_text(identifier, "value");
    if (!value.n) return;
    buf_add(out, S(",\"identifier\":[{"));
    put(out, "system", system);
    put(out, "value", value);
    buf_add(out, S("}]"));
}

/* Both resources tell what they were made by and from. */
static void put_head(const export_job *job, arena *arena, const study *s, const char *type,
                     buf *out) {
    buf_byte(out, '{');
    put(out, "resourceType", str_from(type));
    put(out, "id", study_id(s));
    buf_add(out, S(",\"meta\":{"));
    put(out, "source",
        arena_printf(arena, "urn:fhirtrial:%.*s:%.*s", STR_ARGS(job->version),
                     STR_ARGS(mappings_digest(job->mappings))));
    buf_byte(out, '}');
}

static void put_research_study(const export_job *job, arena *arena, const study *s, buf *out) {
    put_head(job, arena, s, "ResearchStudy", out);
    put_identifier(s, out);
    put(out, "title", study_title(s));
    put(out, "status", study_open(s) ? S("active") : S("closed-to-accrual"));
    buf_add(out, S(",\"relatedArtifact\":[{\"type\":\"composed-of\","
                   "\"display\":\"Criteria of the study\""));
    put(out, "resource", variable_url(arena, s));
    buf_add(out, S("}]}"));
}

static const json *criterion_of(const study *s, str id) {
    const json *list = json_get(study_document(s), "criteria");
    for (const json *c = list ? list->child : NULL; c; c = c->next)
        if (str_eq(json_text(c, "id"), id)) return c;
    return NULL;
}

static void put_characteristic(const study *s, const criterion_info *c, buf *out) {
    str met = json_text(criterion_of(s, c->id), "met");
    buf_byte(out, '{');
    put(out, "id", c->id);
    put(out, "description", c->text);
    if (met.n) {
        buf_add(out, S(",\"definitionExpression\":{\"description\":\"FHIRPath over the patient "
                       "record, with the steps of protocol.json\",\"language\":\"text/fhirpath\""));
        put(out, "expression", met);
    } else {
        buf_add(out, S(",\"definitionCodeableConcept\":{"));
        put(out, "text", c->text);
    }
    buf_printf(out, "},\"exclude\":%s}", c->kind == CRITERION_EXCLUSION ? "true" : "false");
}

/* R4 asks for a name that a program can use: letters, digits and '_', a capital first. */
static str program_name(arena *arena, const study *s) {
    str id = study_id(s);
    char *name = arena_new(arena, char, id.n + 1);
    name[0] = 'S';
    for (isize i = 0; i < id.n; i++) {
        char c = id.p[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        name[i + 1] = good ? c : '_';
    }
    return (str){name, id.n + 1};
}

static void put_variable(const export_job *job, arena *arena, const study *s, buf *out) {
    put_head(job, arena, s, "EvidenceVariable", out);
    put(out, "url", variable_url(arena, s));
    put_identifier(s, out);
    put(out, "version", study_digest(s));
    put(out, "name", program_name(arena, s));
    put(out, "title", study_title(s));
    put(out, "status", study_open(s) ? S("active") : S("retired"));
    put(out, "date", job->created);
    str document = json_text(json_get(study_document(s), "source"), "document");
    if (document.n) {
        buf_add(out, S(",\"relatedArtifact\":[{\"type\":\"derived-from\""));
        put(out, "display", document);
        buf_add(out, S("}]"));
    }
    buf_add(out, S(",\"type\":\"dichotomous\",\"characteristic\":["));
    bool first = true;
    for (isize i = 0; i < study_criterion_count(s); i++) {
        if (study_criterion(s, i)->kind == CRITERION_REPORT) continue; /* nobody is chosen by it */
        if (!first) buf_byte(out, ',');
        put_characteristic(s, study_criterion(s, i), out);
        first = false;
    }
    buf_add(out, S("]}"));
}

static void put_study(const export_job *job, arena *arena, const study *s, buf *out) {
    if (out->p[out->n - 1] != '[') buf_add(out, S(",\n"));
    buf_printf(out, "{\"fullUrl\":\"urn:fhirtrial:research-study:%.*s\",\"resource\":",
               STR_ARGS(study_id(s)));
    put_research_study(job, arena, s, out);
    buf_add(out, S("},\n{"));
    put(out, "fullUrl", variable_url(arena, s));
    buf_add(out, S(",\"resource\":"));
    put_variable(job, arena, s, out);
    buf_byte(out, '}');
}

void definitions_frame(const export_job *job, arena *arena, export_frame *out) {
    buf text = buf_new(arena, EXPORT_TEXT_BYTES, "the definitions of the studies");
    isize count = mappings_study_count(job->mappings);
    buf_add(&text, S("{\"resourceType\":\"Bundle\",\"type\":\"collection\""));
    put(&text, "timestamp", job->created);
    buf_add(&text, S(",\"entry\":["));
    for (isize i = 0; i < count && !job->study; i++)
        put_study(job, arena, mappings_study(job->mappings, i), &text);
    if (job->study) put_study(job, arena, job->study, &text);
    buf_add(&text, S("]}\n"));
    *out = (export_frame){.head = buf_str(&text), .records = job->study ? 1 : count};
}
