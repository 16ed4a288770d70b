/* SPDX-License-Identifier: Apache-2.0 */
/* What is in force at a site, as JSON: digits and units as they were written. */
#include "trial_kit.h"

static void load(kit *k, const char *site) {
    k->file_count = 0;
    kit_views(k);
    kit_study(k,
              "`parameters`:[{`name`:`least`,`type`:`Quantity`,`siteMustConfirm`:true,`text`:`x`},"
              "{`name`:`most`,`type`:`decimal`,`value`:7.50,`text`:`y`}],"
              "`screening`:[`D`],`criteria`:[{`id`:`D`,`kind`:`inclusion`,`text`:`d`,"
              "`evidence`:`obs`,`met`:`%least.exists() and %most > 1`}]");
    if (site) kit_file(k, "sites/here/site.json", site);
    CHECK(kit_load(k) != NULL);
}

static str parameters(kit *k) {
    buf out = buf_new(&k->arena, 1 << 16, "parameters");
    study_parameters_json(k->set, mappings_study(k->set, 0), &out);
    return buf_str(&out);
}

static str declared(kit *k) {
    buf out = buf_new(&k->arena, 1 << 16, "a site");
    site_settings_json(k->set, &out);
    return buf_str(&out);
}

static void step(kit *k) {
    load(k, NULL);
    CHECK(str_eq(parameters(k),
                 kit_text(k, "[{`name`:`least`,`siteMustConfirm`:true,`value`:null},"
                             "{`name`:`most`,`siteMustConfirm`:false,`value`:7.50}]")));
    CHECK(str_eq(declared(k), kit_text(k, "{`id`:null,`timezone`:null,`defaultZone`:null,"
                                          "`complete`:[],`assertions`:[]}")));
    load(k, "{`schema`:1,`id`:`here`,`timezone`:`UTC`,`defaultZone`:`+01:00`,`complete`:[`obs`],"
            "`parameters`:{`s1`:{`least`:{`value`:14.0,`unit`:`days`},`most`:8}}}");
    CHECK(str_eq(parameters(k),
                 kit_text(k, "[{`name`:`least`,`siteMustConfirm`:true,`value`:{`value`:14.0,`unit`:"
                             "`days`}},{`name`:`most`,`siteMustConfirm`:false,`value`:8}]")));
    CHECK(str_eq(declared(k), kit_text(k, "{`id`:`here`,`timezone`:`UTC`,`defaultZone`:`+01:00`,"
                                          "`complete`:[`obs`],`assertions`:[]}")));
}
static void values_in_force_are_said(void) { kit_run(step); }

const unit_test trial_settings_suite[] = {UNIT_TEST(values_in_force_are_said), UNIT_END};
