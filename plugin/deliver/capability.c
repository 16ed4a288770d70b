/* SPDX-License-Identifier: Apache-2.0 */
/* capability.c: the gate before the first Flag. */
#include "deliver/capability.h"

/* Keeps letters, digits and a few signs: what a server says of itself goes into logs. */
static isize keep(char *out, isize at, str text) {
    for (isize i = 0; i < text.n && at < CAPABILITY_TEXT - 1; i++) {
        char c = text.p[i];
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                     c == '.' || c == '-' || c == '_' || c == '/';
        out[at++] = plain ? c : ' ';
    }
    out[at] = 0;
    return at;
}

static const json *flag_resource(const json *statement) {
    const json *rests = json_get(statement, "rest");
    for (const json *rest = rests ? rests->child : NULL; rest; rest = rest->next) {
        const json *resources = json_get(rest, "resource");
        if (!str_eq(json_text(rest, "mode"), S("server"))) continue;
        for (const json *r = resources ? resources->child : NULL; r; r = r->next)
            if (str_eq(json_text(r, "type"), S("Flag"))) return r;
    }
    return NULL;
}

static bool has(const json *resource, const char *list, const char *member, const char *wanted) {
    const json *items = json_get(resource, list);
    for (const json *i = items ? items->child : NULL; i; i = i->next)
        if (str_eq(json_text(i, member), str_from(wanted))) return true;
    return false;
}

static const char *missing_of(const json *statement) {
    if (!document_is(statement, "CapabilityStatement"))
        return "its metadata is no CapabilityStatement: is the URL a FHIR base?";
    if (!str_starts(json_text(statement, "fhirVersion"), S("4.0.")))
        return "it does not speak FHIR R4 (fhirVersion 4.0.x)";
    const json *flag = flag_resource(statement);
    str versioning = json_text(flag, "versioning");
    if (!flag) return "it does not serve Flag";
    if (!has(flag, "interaction", "code", "read")) return "it cannot read a Flag";
    if (!has(flag, "interaction", "code", "create")) return "it cannot create a Flag";
    if (!has(flag, "interaction", "code", "update")) return "it cannot update a Flag";
    if (!has(flag, "interaction", "code", "search-type")) return "it cannot search Flags";
    if (!has(flag, "searchParam", "name", "identifier"))
        return "it cannot search Flags by identifier";
    if (!json_is_true(flag, "conditionalCreate"))
        return "it has no conditional create (If-None-Exist) of Flags";
    if (!str_eq(versioning, S("versioned")) && !str_eq(versioning, S("versioned-update")))
        return "it keeps no versions of Flags, so an update cannot be guarded by If-Match";
    return NULL;
}

void capability_read(const json *statement, capability *out) {
    *out = (capability){.missing = missing_of(statement)};
    const json *software = json_get(statement, "software");
    keep(out->version, 0, json_text(statement, "fhirVersion"));
    isize at = keep(out->software, 0, json_text(software, "name"));
    if (at > 0) at = keep(out->software, at, S(" "));
    keep(out->software, at, json_text(software, "version"));
    out->usable = out->missing == NULL;
}
