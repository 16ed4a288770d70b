/* SPDX-License-Identifier: Apache-2.0 */
/* explaining.c: a patient's verdicts as they were stored, each with the Flags that follow from it
 * and what their endpoints said. */
#include "work.h"

static bool explain_study(work *w, const study *s, buf *out) {
    isize before = out->n;
    if (before > 1) buf_byte(out, ',');
    w->status = store_verdict_json(w->instance->store, *w->patient, study_id(s), out, &w->fault);
    if (w->status != STORE_OK) {
        out->n = before;
        return w->status == STORE_NONE;
    }
    out->n--; /* the object goes on */
    buf_add(out, S(",\"flags\":["));
    if (!work_flags_json(w, s, out)) return false;
    buf_add(out, S("]}"));
    return true;
}

bool work_explain(work *w) {
    buf out = buf_new(&w->arena, w->arena.limit / 4, "the explanation of a verdict");
    buf_byte(&out, '[');
    for (isize i = 0; i < mappings_study_count(w->c->mappings); i++) {
        const study *s = mappings_study(w->c->mappings, i);
        if (w->study.n > 0 && !str_eq(study_id(s), w->study)) continue;
        if (!explain_study(w, s, &out)) return false;
    }
    if (out.n == 1) w->code = FHIRTRIAL_NOMATCH;
    buf_byte(&out, ']');
    w->document = buf_str(&out);
    return true;
}
