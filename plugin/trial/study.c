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
    return s->dead.now || s->consent_denied.now || s->enrolled.now;
}
isize study_criterion_count(const study *s) { return s->criterion_count; }
const criterion_info *study_criterion(const study *s, isize i) { return &s->criteria[i].info; }
const json *study_document(const study *s) { return s->file->root; }
