/* SPDX-License-Identifier: Apache-2.0 */
/* exporting.c: exports for fhirtrial_query: the export room's pieces as JSON documents. */
#include "exporting.h"

#include "deliver/deliver.h"
#include "work.h"

int32_t exporting_begin(exporting *e, str format, str study, str subjects, str at) {
    export_job *job = &e->job;
    *job = (export_job){.mappings = e->c->mappings,
                        .choice = study.n > 0 ? EXPORT_CANDIDATES : EXPORT_ALL,
                        .version = S(PACKAGE_VERSION),
                        .site_key = {e->c->site_key, e->c->site_key_n},
                        .digest = deliver_digest()};
    if (!export_format_find(format, &job->format)) return FHIRTRIAL_E_ARG;
    if (subjects.n > 0 && !export_choice_find(subjects, &job->choice)) return FHIRTRIAL_E_ARG;
    if (study.n == 0 && (export_of_one_study(job->format) || job->choice != EXPORT_ALL))
        return FHIRTRIAL_E_ARG;
    if (!clock_read(e->instance, at, &e->clock)) return FHIRTRIAL_E_ARG;
    job->study = study.n > 0 ? configuration_study(e->c, study) : NULL;
    if (study.n > 0 && !job->study) return FHIRTRIAL_NOMATCH;
    job->now = clock_when(e->c, e->clock);
    job->created = clock_instant(e->arena, e->clock);
    return FHIRTRIAL_OK;
}

static str key_of(arena *arena, patient_ref patient) {
    return arena_printf(arena, "%.*s|%.*s", STR_ARGS(patient.source), STR_ARGS(patient.id));
}

static void put_member(buf *out, const char *name, str text) {
    if (out->p[out->n - 1] != '{') buf_byte(out, ',');
    buf_printf(out, "\"%s\":", name);
    buf_json_string(out, text);
}

/* --- the plan --- */
typedef struct listed {
    str name; /* pseudonym */
    patient_ref patient;
} listed;

/* Heap sort by pseudonym: in place, whatever the number of patients. */
static void sink(listed *list, isize root, isize n) {
    for (isize child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && str_compare(list[child].name, list[child + 1].name) < 0) child++;
        if (str_compare(list[root].name, list[child].name) >= 0) return;
        listed swap = list[root];
        list[root] = list[child];
        list[child] = swap;
    }
}

static void sort_listed(listed *list, isize n) {
    for (isize i = n / 2 - 1; i >= 0; i--) sink(list, i, n);
    for (isize end = n - 1; end > 0; end--) {
        listed swap = list[0];
        list[0] = list[end];
        list[end] = swap;
        sink(list, 0, end);
    }
}

static void add_patients(const exporting *e, const patient_ref *patients, isize n, buf *out) {
    listed *list = arena_new(e->arena, listed, n);
    for (isize i = 0; i < n; i++)
        list[i] = (listed){export_subject_name(&e->job, e->arena, key_of(e->arena, patients[i])),
                           patients[i]};
    sort_listed(list, n);
    buf_add(out, S(",\"patients\":["));
    for (isize i = 0; i < n; i++) {
        buf_add(out, i ? S(",\n[") : S("["));
        buf_json_string(out, list[i].patient.source);
        buf_byte(out, ',');
        buf_json_string(out, list[i].patient.id);
        buf_byte(out, ']');
    }
    buf_byte(out, ']');
}

store_status exporting_plan(const exporting *e, buf *out, fault *fault) {
    const str *files;
    isize n, count = 0;
    patient_ref *patients = NULL;
    store_status status = STORE_OK;
    export_files(&e->job, e->arena, &files, &n);
    buf_byte(out, '{');
    put_member(out, "at", e->job.created);
    buf_add(out, S(",\"files\":["));
    for (isize i = 0; i < n; i++) {
        if (i) buf_byte(out, ',');
        buf_json_string(out, files[i]);
    }
    buf_byte(out, ']');
    if (e->job.format != EXPORT_FHIR_DEFINITIONS)
        status = store_everybody(e->instance->store, e->arena, &patients, &count, fault);
    if (status == STORE_OK) add_patients(e, patients, count, out);
    buf_byte(out, '}');
    return status;
}

/* --- a share --- */
static void share_json(const export_share *share, buf *out) {
    buf_printf(out, "{\"chosen\":%s,\"incomplete\":%s,\"parts\":[",
               share->chosen ? "true" : "false", share->incomplete ? "true" : "false");
    for (isize i = 0; i < share->n; i++) {
        buf_add(out, i ? S(",{") : S("{"));
        put_member(out, "file", share->parts[i].file);
        buf_printf(out, ",\"records\":%td", share->parts[i].records);
        put_member(out, "text", share->parts[i].text);
        buf_byte(out, '}');
    }
    buf_add(out, S("]}"));
}

bool work_export(work *w) {
    const group *g = &w->groups.at[0];
    const record_row *rows;
    isize n;
    export_share share = {0};
    bool known = false;
    for (isize i = 0; i < g->n; i++) known |= g->members[i].state.known;
    if (patient_same(g->canonical->ref, *w->patient)) {
        if (!work_rows(w, &rows, &n)) return false;
        if (known || n > 0)
            export_subject(w->job, &w->arena, key_of(&w->arena, *w->patient), w->patient->source,
                           rows, n, &share);
    }
    buf out = buf_new(&w->arena, w->arena.limit / 2, "a subject's share of an export");
    share_json(&share, &out);
    w->document = buf_str(&out);
    return true;
}

/* --- a frame --- */
bool exporting_frame(const exporting *e, str file, int64_t records, buf *out) {
    export_frame frame;
    if (!export_frame_of(&e->job, e->arena, file, records, &frame)) return false;
    buf_byte(out, '{');
    put_member(out, "head", frame.head);
    put_member(out, "between", frame.between);
    put_member(out, "tail", frame.tail);
    buf_printf(out, ",\"records\":%td}", frame.records);
    return true;
}
