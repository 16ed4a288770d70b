/* SPDX-License-Identifier: Apache-2.0 */
/* What others may ask of a study. */
#include "trial/set.h"

str study_id(const study *s) { return s->id; }
str study_title(const study *s) { return s->title; }
bool study_guideline(const study *s) { return s->guideline; }
bool study_open(const study *s) { return s->open; }
str study_flag_text(const study *s) { return s->flag_text; }
str study_digest(const study *s) { return s->digest; }
isize study_flag_hold_days(const study *s) { return s->hold_days; }
bool study_circumstances_use_now(const study *s) {
    return s->dead.now || s->test_patient.now || s->consent_denied.now || s->enrolled.now;
}
isize study_criterion_views(const mappings *m, const study *s, isize i, str *names, isize cap) {
    isize n = 0;
    for (isize v = 0; v < m->view_count; v++)
        if (mask_has(&s->criteria[i].needs, v) && n < cap) names[n++] = m->views[v].name;
    return n;
}
isize study_criterion_count(const study *s) { return s->criterion_count; }
const criterion_info *study_criterion(const study *s, isize i) { return &s->criteria[i].info; }
str study_file(const study *s) { return s->file->name; }
const json *study_document(const study *s) { return s->file->root; }

isize study_schedule_count(const study *s, schedule_part part) {
    const isize counts[] = {s->arm_count, s->scheme_count, s->visit_count, s->endpoint_count};
    return counts[part];
}

str study_schedule_id(const study *s, schedule_part part, isize i) {
    switch (part) {
    case SCHEDULE_ARM: return s->arms[i].id;
    case SCHEDULE_SCHEME: return s->schemes[i].id;
    case SCHEDULE_VISIT: return s->visits[i].id;
    case SCHEDULE_ENDPOINT: return s->endpoints[i].id;
    }
    return (str){0};
}
