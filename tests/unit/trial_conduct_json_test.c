/* SPDX-License-Identifier: Apache-2.0 */
/* The documents of a subject's conduct and of what a study asks of every subject. */
#include "conduct_kit.h"

#define ENDPOINT                                                                                   \
    "{`id`:`e`,`role`:`primary`,`text`:`x`,`visits`:[`V1`],`count`:true,"                          \
    "`rows`:`obs.where(effective.toDate() = %to)`,`value`:`%rows.score.first()`,"                  \
    "`met`:`%value > 3`},"                                                                         \
    "{`id`:`q`,`role`:`secondary`,`text`:`y`,`incomplete`:`no instrument`}"

static str text_of(kit *k, void (*write)(const void *, buf *), const void *what) {
    buf out = buf_new(&k->arena, 1 << 20, "a document");
    write(what, &out);
    return buf_str(&out);
}
static void write_conduct(const void *c, buf *out) { conduct_json(c, out); }
static void write_study(const void *s, buf *out) { study_conduct_json(s, out); }

static void check(kit *k, str got, const char *expected) {
    str want = kit_text(k, expected);
    CHECK_MSG(str_eq(got, want), "%.*s", STR_ARGS(got));
}

static void subject_step(kit *k) {
    conduct_case c = {
        .endpoints = ENDPOINT,
        .rows = {{"start", "2025-03-01", NULL}, {"score", "2025-03-08", "4"}, {"A", NULL, NULL}}};
    conduct out = conduct_of(k, &c);
    check(k, text_of(k, write_conduct, &out),
          "{`arm`:`A`,`armReason`:null,`visits`:[{`id`:`V1`,`number`:1,`anchor`:`2025-03-01`,"
          "`due`:`2025-03-08`,`from`:`2025-03-08`,`to`:`2025-03-08`,`reason`:null}],"
          "`endpoints`:[{`id`:`e`,`visit`:`V1`,`result`:`met`,`reason`:null,`value`:`4`,"
          "`evidence`:[`Observation/o1`]},"
          "{`id`:`q`,`visit`:null,`result`:`unknown`,`reason`:`source-incomplete`,`evidence`:[],"
          "`detail`:`no instrument`}]}");
}
static void a_subject(void) { kit_run(subject_step); }

static void unknown_step(kit *k) {
    conduct out = conduct_of(k, &(conduct_case){.rows = {{"score", "2025-03-08", "4"}}});
    check(k, text_of(k, write_conduct, &out),
          "{`arm`:null,`armReason`:`no-data`,`visits`:[{`id`:`V1`,`number`:1,`anchor`:null,"
          "`due`:null,`from`:null,`to`:null,`reason`:`no-data`,"
          "`detail`:`the anchor has no date`}],`endpoints`:[]}");
}
static void a_subject_of_whom_little_is_known(void) { kit_run(unknown_step); }

static void study_step(kit *k) {
    conduct_of(k, &(conduct_case){.endpoints = ENDPOINT});
    check(k, text_of(k, write_study, mappings_study(k->set, 0)),
          "{`arms`:[{`id`:`A`,`title`:`a`},{`id`:`B`,`title`:`b`}],"
          "`visits`:[{`id`:`V1`,`title`:`t`}],"
          "`endpoints`:[{`id`:`e`,`role`:`primary`,`text`:`x`,`asksYesOrNo`:true,`count`:true,"
          "`visits`:[`V1`]},{`id`:`q`,`role`:`secondary`,`text`:`y`,`asksYesOrNo`:false,"
          "`count`:false,`incomplete`:`no instrument`,`visits`:[]}]}");
}
static void a_study(void) { kit_run(study_step); }

const unit_test trial_conduct_json_suite[] = {UNIT_TEST(a_subject),
                                              UNIT_TEST(a_subject_of_whom_little_is_known),
                                              UNIT_TEST(a_study), UNIT_END};
