/* SPDX-License-Identifier: Apache-2.0 */
/* Findings of the readers: place, rule and remedy, and never more than a list takes. */
#include "fhir_fixture.h"

static void findings_name_place_and_remedy(void) {
    fixture f;
    fixture_read(&f, S("{\"resourceType\":\"Observation\",\"component\":[{},{\"valueQuantty\":{}}],"
                       "\"value\":1,\"_valueInteger\":{\"value\":0}}"));
    CHECK_OR_RETURN(f.ok && f.found.n == 4);
    CHECK_INT(f.found.list[1].at, 47);
    CHECK_TEXT(f.found.list[1].place, S("/component/1/valueQuantty"));
    CHECK_TEXT(f.found.list[1].text,
               S("Observation.component has no element \"valueQuantty\" in FHIR R4"));
    CHECK_TEXT(f.found.list[1].remedy, S("did you mean \"valueQuantity\"?"));
    CHECK(str_find(f.found.list[2].remedy, S("valueQuantity"), 0) > 0);
    CHECK(str_find(f.found.list[3].remedy, S("without the underscore"), 0) > 0);
    fixture_end(&f);
    fixture_read(&f, S("{\"resourceType\":\"Observaton\"}"));
    CHECK(strstr(f.fault.text, "did you mean \"Observation\"?") != NULL);
    fixture_end(&f);
}

/* Very long names are cut, at a character; a pointer's separators are escaped. No name begins a
 * line or commands a terminal. */
static void names_in_places(void) {
    fixture f;
    fixture_read(&f,
                 S("{\"resourceType\":\"Patient\",\"a/b~c\":1,\""
                   "0123456789012345678901234567890123456789012345678901234567890123456789\":1,\""
                   "012345678901234567890123456789012345678901234567890123456789012\xC3\xA9\":1}"));
    CHECK_OR_RETURN(f.ok && f.found.n == 3);
    CHECK_TEXT(f.found.list[0].place, S("/a~1b~0c"));
    CHECK_TEXT(f.found.list[1].place,
               S("/0123456789012345678901234567890123456789012345678901234567890123"));
    CHECK_TEXT(f.found.list[2].place,
               S("/012345678901234567890123456789012345678901234567890123456789012"));
    fixture_end(&f);
    fixture_read(&f, S("{\"resourceType\":\"Patient\",\"a\\nb\\u001b[2J\\u007f\":1}"));
    CHECK_OR_RETURN(f.ok && f.found.n == 1);
    CHECK_TEXT(f.found.list[0].place, S("/a?b?[2J?"));
    CHECK_TEXT(f.found.list[0].text, S("Patient has no element \"a?b?[2J?\" in FHIR R4"));
    fixture_end(&f);
}

/* A finding repeats names, never a value. */
static void no_value_in_a_finding(void) {
    fixture f;
    fixture_read(&f,
                 S("{\"resourceType\":\"Patient\",\"id\":\"secret_1\",\"birthDate\":\"secret2\","
                   "\"gender\":[\"secret3\"],\"unknown\":\"secret4\",\"name\":\"secret5\","
                   "\"_active\":\"secret6\",\"contained\":[{\"resourceType\":\"secret7\"}]}"));
    CHECK_OR_RETURN(f.ok && f.found.n == 7);
    for (isize i = 0; i < f.found.n; i++) {
        const problem *p = &f.found.list[i];
        CHECK(str_find(p->text, S("secret"), 0) < 0 && str_find(p->remedy, S("secret"), 0) < 0 &&
              str_find(p->place, S("secret"), 0) < 0);
    }
    fixture_end(&f);
}

const unit_test fhir_place_suite[] = {UNIT_TEST(findings_name_place_and_remedy),
                                      UNIT_TEST(names_in_places), UNIT_TEST(no_value_in_a_finding),
                                      UNIT_END};
