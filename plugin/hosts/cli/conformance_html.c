/* SPDX-License-Identifier: Apache-2.0 */
/* conformance_html.c: the report as one printable page without scripts or outside files. */
#include "conformance.h"

#include <libxml/xmlwriter.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char style[] =
    "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:68rem;padding:0 1rem;"
    "color:#1a1f24}"
    "h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #ccd}"
    "table{border-collapse:collapse;width:100%;margin:.6rem 0}"
    "th,td{border:1px solid #ccd3da;padding:.3rem .5rem;text-align:left;vertical-align:top}"
    "th{background:#eef2f5}"
    ".passed{background:#e3f4e6}.failed{background:#fbdcda}.open{background:#fff3cf}"
    ".none{color:#667}small{color:#556}code{font-size:.92em}"
    "@media print{body{margin:0;max-width:none;font-size:11px}h2{break-after:avoid}"
    "tr{break-inside:avoid}}";

#define X(text) ((const xmlChar *)(text))

static void open_tag(xmlTextWriterPtr w, const char *name, const char *class) {
    xmlTextWriterStartElement(w, X(name));
    if (class) xmlTextWriterWriteAttribute(w, X("class"), X(class));
}

static void close_tag(xmlTextWriterPtr w) { xmlTextWriterFullEndElement(w); }

static void tag(xmlTextWriterPtr w, const char *name, const char *class, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void tag(xmlTextWriterPtr w, const char *name, const char *class, const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int n = vasprintf(&text, format, arguments);
    va_end(arguments);
    open_tag(w, name, class);
    if (n >= 0) xmlTextWriterWriteString(w, X(text));
    close_tag(w);
    free(text);
}

static void row(xmlTextWriterPtr w, const char *name, const char *value) {
    open_tag(w, "tr", NULL);
    tag(w, "th", NULL, "%s", name);
    tag(w, "td", NULL, "%s", value);
    close_tag(w);
}

static void summary(const conformance *c, xmlTextWriterPtr w) {
    tag(w, "h1", NULL, "fhirtrial conformance report");
    open_tag(w, "table", NULL);
    row(w, "Made", c->clock_text);
    row(w, "Library", doc_text(c->info, "version"));
    row(w, "Mapping set", doc_text(c->info, "mappings"));
    row(w, "Configuration", c->config_path);
    row(w, "Site", doc_text(c->site, "id"));
    row(w, "Cases", c->cases_folder);
    close_tag(w);
    open_tag(w, "table", NULL);
    open_tag(w, "tr", NULL);
    tag(w, "td", "passed", "%d passed", c->passed);
    tag(w, "td", c->failed ? "failed" : "passed", "%d failed", c->failed);
    tag(w, "td", c->not_covered ? "open" : "passed", "%d cases not covered", c->not_covered);
    tag(w, "td", c->gaps ? "open" : "passed", "%d gaps in the table of criteria", c->gaps);
    close_tag(w);
    close_tag(w);
    tag(w, "p", NULL,
        "Each case ran on an invented patient of its own, offline, with the mappings named above. "
        "What is proven "
        "is "
        "proven for these cases; what no case tried is listed as not covered.");
}

static const char *class_of(const conformance_case *at) {
    return at->status == CASE_PASSED ? "passed" : at->status == CASE_FAILED ? "failed" : "open";
}

static bool case_of(const conformance_case *at, const char *study, const char *criterion) {
    return strcmp(at->study, study) == 0 && strcmp(at->criterion, criterion) == 0;
}

/* The cases of one criterion that show one thing, each with its colour, or why there is none. */
static void cell(const conformance *c, xmlTextWriterPtr w, const char *study,
                 const cJSON *criterion, int shows) {
    const char *why, *id = doc_text(criterion, "id");
    bool covered = conformance_covered(c, study, criterion, shows, &why), any = false;
    open_tag(w, "td", covered ? "passed" : why ? "none" : "open");
    for (int i = 0; i < c->case_count; i++) {
        const conformance_case *at = &c->cases[i];
        const cJSON *one;
        if (!case_of(at, study, id)) continue;
        cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(at->document, "shows")) {
            if (strcmp(one->valuestring, conformance_shows[shows]) != 0) continue;
            tag(w, "div", class_of(at), "%s", at->name);
            any = true;
        }
    }
    if (!covered && why) tag(w, "small", NULL, "not possible: %s", why);
    if (!covered && !why && !any) tag(w, "strong", NULL, "NOT COVERED");
    close_tag(w);
}

static void matrix(const conformance *c, xmlTextWriterPtr w, const cJSON *study) {
    const char *id = doc_text(study, "id");
    const cJSON *criterion;
    tag(w, "h2", NULL, "%s", doc_text(study, "title"));
    tag(w, "p", NULL, "Study %s: criterion by case.", id);
    open_tag(w, "table", NULL);
    open_tag(w, "tr", NULL);
    tag(w, "th", NULL, "Criterion");
    for (int i = 0; i < SHOWS; i++) tag(w, "th", NULL, "%s", conformance_shows[i]);
    close_tag(w);
    cJSON_ArrayForEach(criterion, cJSON_GetObjectItemCaseSensitive(study, "criteria")) {
        open_tag(w, "tr", NULL);
        open_tag(w, "td", NULL);
        tag(w, "strong", NULL, "%s", doc_text(criterion, "id"));
        tag(w, "small", NULL, " %s%s: %s", doc_text(criterion, "kind"),
            cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(criterion, "human")) ? ", for a person"
                                                                               : "",
            doc_text(criterion, "text"));
        close_tag(w);
        for (int i = 0; i < SHOWS; i++) cell(c, w, id, criterion, i);
        close_tag(w);
    }
    close_tag(w);
}

static void list(const conformance *c, xmlTextWriterPtr w, const char *title, case_status status,
                 const char *if_none) {
    bool any = false;
    tag(w, "h2", NULL, "%s", title);
    for (int i = 0; i < c->case_count; i++) {
        const conformance_case *at = &c->cases[i];
        if (at->status != status) continue;
        if (!any) {
            open_tag(w, "table", NULL);
            open_tag(w, "tr", NULL);
            tag(w, "th", NULL, "Case");
            tag(w, "th", NULL, "What");
            tag(w, "th", NULL, "Sentence of the source, and why");
            close_tag(w);
        }
        any = true;
        open_tag(w, "tr", class_of(at));
        tag(w, "td", NULL, "%s %s: %s", at->study, at->criterion, at->name);
        tag(w, "td", NULL, "%s", at->why ? at->why : at->got ? at->got : "");
        const char *note = doc_text(at->document, "note");
        open_tag(w, "td", NULL);
        tag(w, "div", NULL, "%s", at->proves);
        if (*note) tag(w, "small", NULL, "%s", note);
        close_tag(w);
        close_tag(w);
    }
    if (any)
        close_tag(w);
    else
        tag(w, "p", NULL, "%s", if_none);
}

static void page(const conformance *c, xmlTextWriterPtr w) {
    const cJSON *study;
    xmlTextWriterWriteDTD(w, X("html"), NULL, NULL, NULL);
    open_tag(w, "html", NULL);
    xmlTextWriterWriteAttribute(w, X("lang"), X("en"));
    open_tag(w, "head", NULL);
    open_tag(w, "meta", NULL);
    xmlTextWriterWriteAttribute(w, X("charset"), X("utf-8"));
    xmlTextWriterEndElement(w);
    tag(w, "title", NULL, "fhirtrial conformance report");
    tag(w, "style", NULL, "%s", style);
    close_tag(w);
    open_tag(w, "body", NULL);
    summary(c, w);
    list(c, w, "Failed", CASE_FAILED, "No case failed.");
    list(c, w, "Not covered", CASE_NOT_COVERED, "Every case could be tried here.");
    cJSON_ArrayForEach(study, c->studies) {
        if (!c->study || strcmp(c->study, doc_text(study, "id")) == 0) matrix(c, w, study);
    }
    list(c, w, "Passed, with the sentence that each proves", CASE_PASSED, "No case passed.");
    close_tag(w);
    close_tag(w);
}

bool conformance_html(const conformance *c) {
    FILE *to = conformance_open(c, "report.html");
    if (!to) return false;
    xmlBufferPtr text = xmlBufferCreate();
    xmlTextWriterPtr w = text ? xmlNewTextWriterMemory(text, 0) : NULL;
    if (w) {
        page(c, w);
        xmlFreeTextWriter(w);
        fwrite(xmlBufferContent(text), 1, (size_t)xmlBufferLength(text), to);
        fputc('\n', to);
    }
    xmlBufferFree(text);
    return conformance_close("report.html", to) && w;
}
