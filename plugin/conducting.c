/* SPDX-License-Identifier: Apache-2.0 */
/* conducting.c: visits and endpoints for fhirtrial_query, person by person. Subjects are those who
 * are or were in the study; who refused research is none. */
#include "conducting.h"

#include "work.h"

store_status conducting_plan(instance *instance, const study *study, int64_t clock, arena *arena,
                             buf *out, fault *fault) {
    patient_ref *patients;
    isize n;
    store_status status = store_everybody(instance->store, arena, &patients, &n, fault);
    if (status != STORE_OK) return status;
    buf_add(out, S("{\"at\":"));
    buf_json_string(out, clock_instant(arena, clock));
    buf_add(out, S(",\"study\":"));
    buf_json_string(out, study_id(study));
    buf_add(out, S(",\"title\":"));
    buf_json_string(out, study_title(study));
    buf_add(out, S(",\"conduct\":"));
    study_conduct_json(study, out);
    buf_add(out, S(",\"patients\":["));
    for (isize i = 0; i < n; i++) {
        buf_add(out, i ? S(",\n[") : S("["));
        buf_json_string(out, patients[i].source);
        buf_byte(out, ',');
        buf_json_string(out, patients[i].id);
        buf_byte(out, ']');
    }
    buf_add(out, S("]}"));
    return STORE_OK;
}

/* Why the person is no subject, or NULL. */
static const char *left_out(flag_circumstances c) {
    if (!c.enrolled) return "not-enrolled";
    return c.consent_denied ? "consent-denied" : NULL;
}

static void write_subject(work *w, const study *s, const record_row *rows, isize n, buf *out) {
    problems found = problems_new(&w->arena);
    tape record;
    conduct conduct;
    record_build(w->c->mappings, &w->arena, w->patient->source, rows, n, w->now, &found, &record);
    const char *why =
        left_out(flag_circumstances_of(w->c->mappings, s, &w->arena, &record, w->now));
    if (why) {
        buf_printf(out, "{\"subject\":false,\"why\":\"%s\"}", why);
        return;
    }
    conduct_evaluate(w->c->mappings, s, &w->arena, &record, w->now, &conduct);
    buf_printf(out, "{\"subject\":true,\"incomplete\":%s,\"conduct\":",
               record_whole(w->c->mappings, &record) ? "false" : "true");
    conduct_json(&conduct, out);
    buf_byte(out, '}');
}

bool work_conduct(work *w) {
    const group *g = &w->groups.at[0];
    const study *s = configuration_study(w->c, w->study);
    const record_row *rows;
    isize n;
    bool known = false;
    buf out = buf_new(&w->arena, w->arena.limit / 2, "a subject's endpoints");
    for (isize i = 0; i < g->n; i++) known |= g->members[i].state.known;
    if (!s || !patient_same(g->canonical->ref, *w->patient)) {
        buf_add(&out, S("{\"subject\":false,\"why\":\"other-record\"}"));
    } else {
        if (!work_rows(w, &rows, &n)) return false;
        if (known || n > 0)
            write_subject(w, s, rows, n, &out);
        else
            w->code = FHIRTRIAL_NOMATCH;
    }
    w->document = buf_str(&out);
    return true;
}
