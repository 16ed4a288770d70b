/* SPDX-License-Identifier: Apache-2.0 */
/* explaining.c: a patient's verdicts as they were stored, each with the Flags that follow from it
 * and what their endpoints said. */
#include "work.h"

/* `s` is NULL where the mappings do not hold the study any more: its verdict stays on record. */
static bool explain_study(work *w, str id, const study *s, buf *out) {
    isize before = out->n;
    if (before > 1) buf_byte(out, ',');
    w->status = store_verdict_json(w->instance->store, *w->patient, id, out, &w->fault);
    if (w->status != STORE_OK) {
        out->n = before;
        return w->status == STORE_NONE;
    }
    out->n--; /* the object goes on */
    buf_add(out, S(",\"flags\":["));
    if (s && !work_flags_json(w, s, out)) return false;
    buf_add(out, S("]}"));
    return true;
}

bool work_explain(work *w) {
    buf out = buf_new(&w->arena, w->arena.limit / 4, "the explanation of a verdict");
    buf_byte(&out, '[');
    if (w->study.n > 0 && !explain_study(w, w->study, configuration_study(w->c, w->study), &out))
        return false;
    for (isize i = 0; w->study.n == 0 && i < mappings_study_count(w->c->mappings); i++) {
        const study *s = mappings_study(w->c->mappings, i);
        if (!explain_study(w, study_id(s), s, &out)) return false;
    }
    if (out.n == 1) w->code = FHIRTRIAL_NOMATCH;
    buf_byte(&out, ']');
    w->document = buf_str(&out);
    return true;
}
