/* SPDX-License-Identifier: Apache-2.0 */
/* FHIR XML that is well formed but not FHIR: what is reported, and what is left. */
#include "fhir_fixture.h"

#define PATIENT(inside)     "<Patient xmlns=\"http://hl7.org/fhir\">" inside "</Patient>"
#define OBSERVATION(inside) "<Observation xmlns=\"http://hl7.org/fhir\">" inside "</Observation>"

/* One finding each; what is left of the message. */
static const struct {
    const char *xml, *code, *place, *json;
} doubtful[] = {
    {PATIENT("<gendre value=\"male\"><x/></gendre><active value=\"true\"/>"), "structure",
     "/gendre", "{\"active\":true,\"resourceType\":\"Patient\"}"},
    {PATIENT("<name><given value=\"A\"/></name><name><famly value=\"x\"/></name>"), "structure",
     "/name/1/famly", "{\"name\":[{\"given\":[\"A\"]},{}],\"resourceType\":\"Patient\"}"},
    {PATIENT("<birthDate value=\"1950-13\"/>"), "value", "/birthDate",
     "{\"resourceType\":\"Patient\"}"},
    {PATIENT("<active value=\"\"/>"), "value", "/active", "{\"resourceType\":\"Patient\"}"},
    {PATIENT("<active/>"), "structure", "/active", "{\"resourceType\":\"Patient\"}"},
    {PATIENT("<name/>"), "structure", "/name/0", "{\"resourceType\":\"Patient\"}"},
    {PATIENT("<active value=\"true\" colour=\"red\"/>"), "structure", "/active/colour",
     "{\"active\":true,\"resourceType\":\"Patient\"}"},
    {PATIENT("<gender value=\"male\">male</gender>"), "structure", "/gender",
     "{\"gender\":\"male\",\"resourceType\":\"Patient\"}"},
    {PATIENT("<![CDATA[text]]>"), "structure", "", "{\"resourceType\":\"Patient\"}"},
    {PATIENT("<gender value=\"male\"/><active value=\"true\"/><gender value=\"male\"/>"),
     "structure", "/gender", "{\"active\":true,\"resourceType\":\"Patient\"}"},
    {PATIENT("<name><text value=\"a\"/></name><active value=\"true\"/><name><text "
             "value=\"b\"/></name>"),
     "structure", "/name",
     "{\"active\":true,\"name\":[{\"text\":\"a\"}],\"resourceType\":\"Patient\"}"},
    {OBSERVATION("<valueString value=\"a\"/><valueInteger value=\"1\"/>"), "structure",
     "/valueInteger", "{\"resourceType\":\"Observation\"}"},
    {OBSERVATION("<value value=\"1\"/>"), "structure", "/value",
     "{\"resourceType\":\"Observation\"}"},
    {PATIENT("<name><id value=\"x\"/></name>"), "structure", "/name/0/id",
     "{\"name\":[{}],\"resourceType\":\"Patient\"}"},
    {PATIENT("<active xmlns=\"http://else.example\" value=\"true\"/>"), "structure", "/active",
     "{\"resourceType\":\"Patient\"}"},
    {PATIENT("<text><status value=\"generated\"/><div>a</div></text>"), "structure", "/text/div",
     "{\"resourceType\":\"Patient\",\"text\":{\"status\":\"generated\"}}"},
    {OBSERVATION("<contained><Pateint/></contained>"), "not-supported", "/contained/0",
     "{\"resourceType\":\"Observation\"}"},
    {OBSERVATION("<contained><Patient/><Patient/></contained>"), "structure", "/contained/0",
     "{\"contained\":[{\"resourceType\":\"Patient\"}],\"resourceType\":\"Observation\"}"},
    {OBSERVATION("<contained/>"), "structure", "/contained/0",
     "{\"resourceType\":\"Observation\"}"},
};

static void doubtful_messages(void) {
    for (isize i = 0; i < COUNT_OF(doubtful); i++) {
        fixture f;
        fixture_read(&f, str_from(doubtful[i].xml));
        if (CHECK_MSG(f.ok && f.found.n == 1, "%td: %s, %td findings", i, f.fault.text,
                      f.found.n)) {
            const problem *p = &f.found.list[0];
            CHECK_STR(p->code, doubtful[i].code);
            CHECK_BYTES(p->place.p, p->place.n, doubtful[i].place);
            CHECK_MSG(p->text.n && p->remedy.n && p->at > 0, "%td: a full finding", i);
            str json = fixture_json(&f, 0, true);
            CHECK_BYTES(json.p, json.n, doubtful[i].json);
        }
        fixture_end(&f);
    }
}

const unit_test fhir_xml_tape_suite[] = {UNIT_TEST(doubtful_messages), UNIT_END};
