/* SPDX-License-Identifier: Apache-2.0 */
/* site.json: mistakes, and values that belong to studies that are not loaded. */
#include "trial_kit.h"

static const mappings *load(kit *k, const char *site) {
    k->file_count = 0;
    kit_views(k);
    kit_study(k, "`parameters`:[{`name`:`least`,`type`:`Quantity`,`siteMustConfirm`:true,`text`:"
                 "`x`}],`screening`:[`X`],`criteria`:[{`id`:`X`,`kind`:`inclusion`,`text`:`x`,"
                 "`evidence`:`obs`,`met`:`%least.exists()`}]");
    kit_file(k, "sites/here/site.json", site);
    return kit_load(k);
}

static void refused(kit *k, const char *site, const char *message, const char *remedy) {
    CHECK(load(k, site) == NULL);
    for (isize i = 0; i < k->found.n; i++)
        if (str_find(k->found.list[i].text, str_from(message), 0) >= 0) {
            CHECK_TEXT(k->found.list[i].file, "sites/here/site.json");
            CHECK(str_find(k->found.list[i].remedy, str_from(remedy), 0) >= 0);
            return;
        }
    CHECK_MSG(false, "nothing says \"%s\"", message);
    kit_show(k);
}

static void mistakes_step(kit *k) {
    refused(k, "{`schema`:1,`id`:`here`,`timezon`:`UTC`}", "timezon", "timezone");
    refused(k, "{`id`:`here`}", "\"schema\" must be 1", "schema 1");
    refused(k, "{`schema`:1,`id`:`heer`}", "the name of its folder", "write \"here\"");
    refused(k, "{`schema`:1,`id`:`here`,`complete`:[`obz`]}", "no view 'obz'", "obs");
    refused(k, "{`schema`:1,`id`:`here`,`complete`:`obs`}", "array of view names", "");
    refused(k, "{`schema`:1,`id`:`here`,`defaultZone`:`CET`}", "must be an offset", "+01:00");
    refused(k, "{`schema`:1,`id`:`here`,`parameters`:{`s1`:{`last`:{`value`:1,`unit`:`days`}}}}",
            "no parameter 'last'", "least");
    refused(k, "{`schema`:1,`id`:`here`,`parameters`:{`s2`:{}}}", "no study 's2'", "s1");
    refused(k, "{`schema`:1,`id`:`here`,`parameters`:{`s1`:{`least`:14}}}",
            "no value of type Quantity", "unit");
    refused(k, "{`schema`:1,`id`:`here`,`assertions`:{}}", "must be an array", "write [ ... ]");
    refused(k,
            "{`schema`:1,`id`:`here`,`assertions`:[{`source`:`ward`,`performer`:"
            "`Practitioner/17`}]}",
            "no view is named 'assertion'", "core/views/assertion.json");
}
static void mistakes_are_found(void) { kit_run(mistakes_step); }

static void good_step(kit *k) {
    CHECK(load(k, "{`schema`:1,`id`:`here`,`timezone`:`UTC`,`defaultZone`:`-05:30`,`complete`:["
                  "`obs`],`parameters`:{`s1`:{`least`:{`value`:14,`unit`:`days`}},"
                  "`another_study`:{`x`:1}},`assertions`:[]}") != NULL);
    if (k->found.n) kit_show(k);
    CHECK_INT(k->found.n, 0);
}
static void a_site_may_know_more_studies(void) { kit_run(good_step); }

static void two_step(kit *k) {
    kit_views(k);
    kit_file(k, "sites/a/site.json", "{`schema`:1,`id`:`a`}");
    kit_file(k, "sites/b/site.json", "{`schema`:1,`id`:`b`}");
    CHECK(kit_load(k) == NULL);
    CHECK(kit_found(k, "second site"));
}
static void one_site_is_loaded(void) { kit_run(two_step); }

const unit_test trial_site_suite[] = {UNIT_TEST(mistakes_are_found),
                                      UNIT_TEST(a_site_may_know_more_studies),
                                      UNIT_TEST(one_site_is_loaded), UNIT_END};
