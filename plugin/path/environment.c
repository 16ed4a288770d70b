/* SPDX-License-Identifier: Apache-2.0 */
/* environment.c: a table of three, and two prefixes. */
#include "path/environment.h"

static const struct {
    const char *name, *text;
} names[] = {
    {"ucum", "http://unitsofmeasure.org"},
    {"sct", "http://snomed.info/sct"},
    {"loinc", "http://loinc.org"},
};

str environment_ucum(void) { return str_from(names[0].text); }
bool environment_is_ucum(str system) { return str_eq(system, environment_ucum()); }

bool environment_text(arena *arena, str name, str *out) {
    for (isize i = 0; i < COUNT_OF(names); i++) {
        if (!str_eq(name, str_from(names[i].name))) continue;
        *out = str_from(names[i].text);
        return true;
    }
    if (str_starts(name, S("vs-"))) {
        *out = arena_printf(arena, "http://hl7.org/fhir/ValueSet/%.*s",
                            STR_ARGS(str_slice(name, 3, name.n)));
        return true;
    }
    if (str_starts(name, S("ext-"))) {
        *out = arena_printf(arena, "http://hl7.org/fhir/StructureDefinition/%.*s",
                            STR_ARGS(str_slice(name, 4, name.n)));
        return true;
    }
    return false;
}
