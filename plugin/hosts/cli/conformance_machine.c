/* SPDX-License-Identifier: Apache-2.0 */
/* conformance_machine.c: the reports that machines read: junit.xml and a FHIR R4 TestReport. */
#include "conformance.h"

#include <libxml/xmlwriter.h>
#include <stdlib.h>
#include <string.h>

#define X(text) ((const xmlChar *)(text))

/* --- JUnit --- */
static void junit_case(xmlTextWriterPtr w, const conformance_case *at) {
    xmlTextWriterStartElement(w, X("testcase"));
    xmlTextWriterWriteFormatAttribute(w, X("classname"), "%s.%s", at->study, at->criterion);
    xmlTextWriterWriteAttribute(w, X("name"), X(at->name));
    if (at->status != CASE_PASSED) {
        xmlTextWriterStartElement(w, X(at->status == CASE_FAILED ? "failure" : "skipped"));
        xmlTextWriterWriteAttribute(w, X("message"), X(at->why));
        if (at->status == CASE_FAILED) xmlTextWriterWriteFormatString(w, "proves: %s", at->proves);
        xmlTextWriterEndElement(w);
    }
    xmlTextWriterEndElement(w);
}

bool conformance_junit(const conformance *c) {
    FILE *to = conformance_open(c, "junit.xml");
    if (!to) return false;
    xmlBufferPtr text = xmlBufferCreate();
    xmlTextWriterPtr w = text ? xmlNewTextWriterMemory(text, 0) : NULL;
    if (w) {
        xmlTextWriterSetIndent(w, 1);
        xmlTextWriterStartDocument(w, NULL, "UTF-8", NULL);
        xmlTextWriterStartElement(w, X("testsuite"));
        xmlTextWriterWriteAttribute(w, X("name"), X("fhirtrial conformance"));
        xmlTextWriterWriteFormatAttribute(w, X("tests"), "%d", c->case_count);
        xmlTextWriterWriteFormatAttribute(w, X("failures"), "%d", c->failed);
        xmlTextWriterWriteFormatAttribute(w, X("skipped"), "%d", c->not_covered);
        xmlTextWriterWriteAttribute(w, X("timestamp"), X(c->clock_text));
        for (int i = 0; i < c->case_count; i++) junit_case(w, &c->cases[i]);
        xmlTextWriterEndDocument(w);
        xmlFreeTextWriter(w);
        fwrite(xmlBufferContent(text), 1, (size_t)xmlBufferLength(text), to);
    }
    xmlBufferFree(text);
    return conformance_close("junit.xml", to) && w;
}

/* --- FHIR TestReport (R4, testreport.html) --- */
static cJSON *fhir_test(const conformance_case *at) {
    static const char *const results[] = {"skip", "pass", "fail"};
    cJSON *test = cJSON_CreateObject(), *action = cJSON_CreateObject();
    char *name = NULL;
    if (asprintf(&name, "%s %s: %s", at->study, at->criterion, at->name) < 0) name = NULL;
    cJSON_AddStringToObject(test, "name", name ? name : at->name);
    free(name);
    cJSON_AddStringToObject(test, "description", at->proves);
    cJSON *assert = cJSON_AddObjectToObject(action, "assert");
    cJSON_AddStringToObject(assert, "result", results[at->status]);
    if (at->why) cJSON_AddStringToObject(assert, "message", at->why);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(test, "action"), action);
    return test;
}

static cJSON *fhir_report(const conformance *c) {
    cJSON *root = cJSON_CreateObject();
    int tried = c->passed + c->failed;
    cJSON_AddStringToObject(root, "resourceType", "TestReport");
    cJSON_AddStringToObject(root, "name", "fhirtrial conformance");
    cJSON_AddStringToObject(root, "status", "completed");
    cJSON_AddStringToObject(cJSON_AddObjectToObject(root, "testScript"), "display",
                            "fhirtrial conformance cases");
    cJSON_AddStringToObject(root, "result", c->failed ? "fail" : "pass");
    if (tried > 0) cJSON_AddNumberToObject(root, "score", 100 * c->passed / tried);
    cJSON_AddStringToObject(root, "tester", "fhirtrial");
    cJSON_AddStringToObject(root, "issued", c->clock_text);
    cJSON *participant = cJSON_CreateObject();
    cJSON_AddStringToObject(participant, "type", "server");
    cJSON_AddStringToObject(participant, "uri", "urn:fhirtrial:library");
    cJSON_AddStringToObject(participant, "display", doc_text(c->info, "version"));
    cJSON_AddItemToArray(cJSON_AddArrayToObject(root, "participant"), participant);
    if (c->case_count == 0) return root;
    cJSON *tests = cJSON_AddArrayToObject(root, "test");
    for (int i = 0; i < c->case_count; i++) cJSON_AddItemToArray(tests, fhir_test(&c->cases[i]));
    return root;
}

bool conformance_fhir(const conformance *c) {
    FILE *to = conformance_open(c, "TestReport.json");
    if (!to) return false;
    cJSON *root = fhir_report(c);
    char *text = cJSON_Print(root);
    if (text) fprintf(to, "%s\n", text);
    bool made = text != NULL;
    cJSON_free(text);
    cJSON_Delete(root);
    return conformance_close("TestReport.json", to) && made;
}
