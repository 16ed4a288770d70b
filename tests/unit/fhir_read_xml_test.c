/* SPDX-License-Identifier: Apache-2.0 */
/* The FHIR XML reader: what it makes of good and bad messages, what it refuses, and that the seven
 * resources which the FHIRPath suite has in both formats give equal tapes. */
#include "fhir_fixture.h"

#include <stdio.h>

#define PATIENT(inside)     "<Patient xmlns=\"http://hl7.org/fhir\">" inside "</Patient>"
#define OBSERVATION(inside) "<Observation xmlns=\"http://hl7.org/fhir\">" inside "</Observation>"

static const struct {
    const char *xml, *json;
} good[] = {
    {PATIENT(""), "{\"resourceType\":\"Patient\"}"},
    {"\xEF\xBB\xBF<?xml version=\"1.0\" encoding='utf-8'?><!-- c --> \n" PATIENT(
         "<id value=\"a\"/>"),
     "{\"id\":\"a\",\"resourceType\":\"Patient\"}"},
    {PATIENT(
         "<active value=\"true\"/><name><given value=\"A &amp; B\"/><given value=\"&lt;&quot;&#233;"
         "&#10;\"/></name>"),
     "{\"active\":true,\"name\":[{\"given\":[\"A & B\",\"<\\\"\xC3\xA9\\n\"]}],"
     "\"resourceType\":\"Patient\"}"},
    {PATIENT("<birthDate value=\"1950\" id=\"b\"><extension url=\"u\"><valueCode value=\"x\"/>"
             "</extension></birthDate>"),
     "{\"_birthDate\":{\"extension\":[{\"url\":\"u\",\"valueCode\":\"x\"}],\"id\":\"b\"},"
     "\"birthDate\":\"1950\",\"resourceType\":\"Patient\"}"},
    {PATIENT("<birthDate><extension url=\"u\"/></birthDate>"),
     "{\"_birthDate\":{\"extension\":[{\"url\":\"u\"}]},\"resourceType\":\"Patient\"}"},
    {OBSERVATION("<valueQuantity id=\"q\"><value value=\"1.10\"/></valueQuantity>"),
     "{\"resourceType\":\"Observation\",\"valueQuantity\":{\"id\":\"q\",\"value\":1.10}}"},
    {OBSERVATION("<contained><Patient><id value=\"p\"/></Patient></contained>"
                 "<contained><Device/></contained><status value=\"final\"/>"),
     "{\"contained\":[{\"id\":\"p\",\"resourceType\":\"Patient\"},{\"resourceType\":\"Device\"}],"
     "\"resourceType\":\"Observation\",\"status\":\"final\"}"},
    {"<f:Bundle xmlns:f=\"http://hl7.org/fhir\"><f:type value=\"batch\"/><f:entry><f:resource>"
     "<f:Patient/></f:resource></f:entry></f:Bundle>",
     "{\"entry\":[{\"resource\":{\"resourceType\":\"Patient\"}}],\"resourceType\":\"Bundle\","
     "\"type\":\"batch\"}"},
    {PATIENT("<text><status value=\"generated\"/><div xmlns=\"http://www.w3.org/1999/xhtml\">a <b>x"
             "</b> &amp; y</div></text>"),
     "{\"resourceType\":\"Patient\",\"text\":{\"div\":\"<div xmlns=\\\"http://www.w3.org/1999/"
     "xhtml\\\">a <b>x</b> &amp; y</div>\",\"status\":\"generated\"}}"},
    {"<Patient xmlns=\"http://hl7.org/fhir\" "
     "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
     "xsi:schemaLocation=\"a b\"/>",
     "{\"resourceType\":\"Patient\"}"},
};

static void good_messages(void) {
    for (isize i = 0; i < COUNT_OF(good); i++) {
        fixture f;
        fixture_read(&f, str_from(good[i].xml));
        if (CHECK_MSG(f.ok && !f.found.n, "%td: %s %td", i, f.fault.text, f.found.n)) {
            str json = fixture_json(&f, 0, true);
            CHECK_BYTES(json.p, json.n, good[i].json);
        }
        fixture_end(&f);
    }
}

static void refuse(const char *xml, const char *words, isize at) {
    fixture f;
    fixture_read(&f, str_from(xml));
    CHECK_MSG(!f.ok, "read: %s", xml);
    CHECK_INT(f.fault.code, FAULT_INPUT);
    CHECK_MSG(strstr(f.fault.text, words) != NULL, "%s: %s", xml, f.fault.text);
    if (at >= 0) CHECK_INT(f.fault.at, at);
    fixture_end(&f);
}

static void refused_messages(void) {
    refuse("<Patient/>", "namespace", 0);
    refuse("<Pateint xmlns=\"http://hl7.org/fhir\"/>", "did you mean \"Patient\"?", 0);
    refuse("<Resource xmlns=\"http://hl7.org/fhir\"/>", "resource type", 0);
    refuse("<Patient xmlns=\"http://hl7.org/fhir\"><id value=\"a\">", "not well-formed", -1);
    refuse("<Patient xmlns=\"http://hl7.org/fhir\"><id value=\"a\"></Patient>", "not well-formed",
           -1);
    refuse(PATIENT("") "<x/>", "not well-formed", -1);
    refuse(PATIENT("<id value='a' value='b'/>"), "not well-formed", -1);
    refuse(PATIENT("<id value='\xFF'/>"), "not well-formed", -1);
    refuse(PATIENT("<id value='&#0;'/>"), "not well-formed", -1);
    refuse(PATIENT("<id value='&#xD800;'/>"), "not well-formed", -1);
    refuse("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" PATIENT(""), "UTF-8", 0);
    refuse("<", "not well-formed", -1);
    refuse("<?xml version=\"1.0\"?>", "not well-formed", -1);
}

/* delivery.md calls for three forms of external entity, and for the exponential one. */
static void no_document_type(void) {
    static const char *const bombs[] = {
        "<!DOCTYPE p [<!ENTITY x SYSTEM \"file:///etc/hostname\">]>",
        "<!DOCTYPE p [<!ENTITY % x SYSTEM \"http://127.0.0.1:1/x\"> %x;]>",
        "<!DOCTYPE p SYSTEM \"http://127.0.0.1:1/x.dtd\">",
        "<!DOCTYPE p [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]>",
        "<?xml version=\"1.0\"?><!-- c --><?pi?> \n<!DOCTYPE p>",
    };
    for (isize i = 0; i < COUNT_OF(bombs); i++) {
        char text[1024];
        snprintf(text, sizeof text, "%s%s", bombs[i], PATIENT("<id value=\"&x;\"/>"));
        refuse(text, "document type", (isize)(strstr(text, "<!DOCTYPE") - text));
    }
    refuse(PATIENT("<id value=\"&x;\"/>"), "not well-formed", -1);
    refuse(PATIENT("<!DOCTYPE p>"), "not well-formed", -1);
    fixture f; /* in a comment it is only words */
    fixture_read(&f, S("<!-- <!DOCTYPE p> -->" PATIENT("")));
    CHECK(f.ok);
    fixture_end(&f);
}

static void limits(void) {
    enum { N = 100000 };
    static const char step[] = "<extension url=\"u\">";
    char *text = malloc(64 + N * sizeof step);
    int n = snprintf(text, 64, "<Patient xmlns=\"http://hl7.org/fhir\">");
    for (int i = 0; i < N; i++, n += (int)sizeof step - 1) memcpy(text + n, step, sizeof step);
    fixture f;
    fixture_read(&f, (str){text, n});
    CHECK(!f.ok);
    CHECK_INT(f.fault.code, FAULT_LIMIT);
    CHECK_INT(f.fault.at, 37 + 63 * 19); /* the root and 63 extensions are 64 levels */
    fixture_end(&f);
    free(text);

    read_options options = {.max_bytes = 40, .max_string = 3};
    fixture_read_within(&f, S(PATIENT("<id value=\"a\"/>")), &options, 1 << 20);
    CHECK_INT(f.fault.code, FAULT_LIMIT);
    fixture_end(&f);
    options.max_bytes = 0;
    fixture_read_within(
        &f, S(PATIENT("<id value=\"a\"/><implicitRules value=\"abcd\"/><language value=\"de\"/>")),
        &options, 1 << 20);
    CHECK(f.ok && f.found.n == 1 && strcmp(f.found.list[0].code, "too-long") == 0);
    CHECK_TEXT(fixture_json(&f, 0, true),
               S("{\"id\":\"a\",\"language\":\"de\",\"resourceType\":\"Patient\"}"));
    fixture_end(&f);
}

/* A raise inside the parser comes out behind it: nothing leaks (see it under a memory checker). */
static void every_memory_ceiling(void) {
    bool once = false;
    for (isize limit = 0; limit <= 64 << 10; limit += 151) {
        fixture f;
        fixture_read_within(&f, S(PATIENT("<name><given value=\"a\"/><famly/></name>")), NULL,
                            limit);
        CHECK_MSG(f.ok || f.fault.code == FAULT_NOMEM, "ceiling %td: %s", limit, f.fault.text);
        once |= f.ok;
        fixture_end(&f);
    }
    CHECK(once);
}

static void offsets(void) {
    fixture f;
    fixture_read(&f, S("\xEF\xBB\xBF" PATIENT("<gendre value=\"x\"/>")));
    CHECK_OR_RETURN(f.ok && f.found.n == 1);
    CHECK_INT(f.found.list[0].at, 3 + 37);
    fixture_end(&f);
}

/* --- JSON and XML of the same resource --- */

static const char *const pairs[] = {"codesystem-example",        "observation-example",
                                    "parameters-example-types",  "patient-example",
                                    "patient-example-period",    "questionnaire-example",
                                    "valueset-example-expansion"};

/* XML turns line breaks in attributes into spaces (XML 1.0 section 3.3.3). */
static str without_breaks(str json, arena *a) {
    char *out = arena_alloc(a, json.n, 1, 1);
    isize n = 0;
    for (isize i = 0; i < json.n; i++) {
        bool escape = json.p[i] == '\\' && i + 1 < json.n;
        if (escape && strchr("nrt", json.p[i + 1]))
            out[n++] = ' ';
        else if (escape)
            out[n++] = '\\', out[n++] = json.p[i + 1];
        else
            out[n++] = json.p[i];
        i += escape;
    }
    return (str){out, n};
}

/* The resource but for its narrative, which the two files lay out differently, in an order of its
 * own: observation-example has its extension elsewhere, with value before url. */
static str essence(fixture *f) {
    const tape *t = &f->tape;
    str all = {0};
    for (model_key key = 1; key < KEY_R4_COUNT; key++) {
        uint32_t i = key == KEY_text ? TAPE_NONE : tape_child(t, 0, key);
        for (; i != TAPE_NONE; i = tape_next(t, 0, i))
            all =
                arena_printf(&f->a, "%.*s\n%.*s=%.*s", STR_ARGS(all),
                             STR_ARGS(tape_name(t, i, &f->a)), STR_ARGS(fixture_json(f, i, true)));
    }
    return without_breaks(all, &f->a);
}

static void check_pair(const char *name) {
    char relative[256];
    size_t n_xml, n_json;
    snprintf(relative, sizeof relative, "suites/fhirpath-r4/input/%s.xml", name);
    char *text_xml = unit_read(unit_shared(relative), &n_xml);
    snprintf(relative, sizeof relative, "suites/fhirpath-r4/input-json/%s.json", name);
    char *text_json = unit_read(unit_shared(relative), &n_json);
    if (!text_xml || !text_json) return;
    fixture xml, json;
    fixture_read(&xml, (str){text_xml, (isize)n_xml});
    fixture_read(&json, (str){text_json, (isize)n_json});
    CHECK_MSG(xml.ok && json.ok && !xml.found.n && !json.found.n, "%s", name);
    CHECK_MSG(xml.tape.n == json.tape.n, "%s: %u and %u nodes", name, xml.tape.n, json.tape.n);
    str a = essence(&xml), b = essence(&json);
    CHECK_MSG(a.n > 200 && str_eq(a, b), "%s", name);
    uint8_t same = NODE_HAS_TEXT | NODE_RESOURCE | NODE_CHOICE;
    for (uint32_t i = 0; i < xml.tape.n && i < json.tape.n; i++) {
        const node *x = &xml.tape.nodes[i], *y = &json.tape.nodes[i];
        if (strcmp(name, "observation-example") == 0) break; /* another order */
        CHECK_MSG(x->key == y->key && x->type == y->type && x->kind == y->kind &&
                      x->next == y->next && (x->flags & same) == (y->flags & same),
                  "%s: node %u", name, i);
    }
    fixture_end(&xml);
    fixture_end(&json);
    free(text_xml);
    free(text_json);
}

static void json_and_xml_give_equal_tapes(void) {
    NEED_SHARED("suites/fhirpath-r4/input-json");
    for (isize i = 0; i < COUNT_OF(pairs); i++) check_pair(pairs[i]);
}

const unit_test fhir_read_xml_suite[] = {UNIT_TEST(good_messages),
                                         UNIT_TEST(refused_messages),
                                         UNIT_TEST(no_document_type),
                                         UNIT_TEST(limits),
                                         UNIT_TEST(every_memory_ceiling),
                                         UNIT_TEST(offsets),
                                         UNIT_TEST(json_and_xml_give_equal_tapes),
                                         UNIT_END};
