/* SPDX-License-Identifier: Apache-2.0 */
/* Where a node is, as FHIRPath and as a JSON pointer: each pointer is followed back by hand. */
#include "fhir_fixture.h"

static const char message[] =
    "{\"resourceType\":\"Bundle\",\"entry\":[{\"fullUrl\":\"urn:a\"},{\"resource\":{"
    "\"resourceType\":"
    "\"Observation\",\"valueQuantity\":{\"value\":1},\"_status\":{\"extension\":[{\"url\":\"u\","
    "\"valueCode\":\"x\"}]},\"component\":[{\"valueString\":\"a\"}],\"contained\":[{"
    "\"resourceType\":"
    "\"Patient\",\"name\":[{\"given\":[\"A\",\"B\"]},{\"given\":[\"C\"]}]}]}}]}";

static const struct {
    const char *fhirpath, *pointer;
} expected[] = {
    {"Bundle", ""},
    {"Bundle.entry[0]", "/entry/0"},
    {"Bundle.entry[0].fullUrl", "/entry/0/fullUrl"},
    {"Bundle.entry[1]", "/entry/1"},
    {"Bundle.entry[1].resource", "/entry/1/resource"},
    {"Bundle.entry[1].resource.value", "/entry/1/resource/valueQuantity"},
    {"Bundle.entry[1].resource.value.value", "/entry/1/resource/valueQuantity/value"},
    {"Bundle.entry[1].resource.status", "/entry/1/resource/status"},
    {"Bundle.entry[1].resource.status.extension[0]", "/entry/1/resource/_status/extension/0"},
    {"Bundle.entry[1].resource.status.extension[0].url",
     "/entry/1/resource/_status/extension/0/url"},
    {"Bundle.entry[1].resource.status.extension[0].value",
     "/entry/1/resource/_status/extension/0/valueCode"},
    {"Bundle.entry[1].resource.component[0]", "/entry/1/resource/component/0"},
    {"Bundle.entry[1].resource.component[0].value", "/entry/1/resource/component/0/valueString"},
    {"Bundle.entry[1].resource.contained[0]", "/entry/1/resource/contained/0"},
    {"Bundle.entry[1].resource.contained[0].name[0]", "/entry/1/resource/contained/0/name/0"},
    {"Bundle.entry[1].resource.contained[0].name[0].given[0]",
     "/entry/1/resource/contained/0/name/0/given/0"},
    {"Bundle.entry[1].resource.contained[0].name[0].given[1]",
     "/entry/1/resource/contained/0/name/0/given/1"},
    {"Bundle.entry[1].resource.contained[0].name[1]", "/entry/1/resource/contained/0/name/1"},
    {"Bundle.entry[1].resource.contained[0].name[1].given[0]",
     "/entry/1/resource/contained/0/name/1/given/0"},
};

static void every_node_of_a_message(void) {
    fixture f;
    fixture_read(&f, S(message));
    CHECK_OR_RETURN(f.ok && !f.found.n);
    CHECK_INT(f.tape.n, COUNT_OF(expected));
    for (uint32_t i = 0; i < f.tape.n && i < COUNT_OF(expected); i++) {
        CHECK_TEXT(tape_fhirpath(&f.tape, i, &f.a), str_from(expected[i].fhirpath));
        CHECK_TEXT(tape_pointer(&f.tape, i, &f.a), str_from(expected[i].pointer));
    }
    fixture_end(&f);
}

const unit_test fhir_tape_place_suite[] = {UNIT_TEST(every_node_of_a_message), UNIT_END};
