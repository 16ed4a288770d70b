/* SPDX-License-Identifier: Apache-2.0 */
/* odm.c: the datasets as CDISC ODM-XML 1.3.2, a snapshot: a dataset is a form with one item group,
 * all forms in one common event, because the record knows no visits; datasets of the study are
 * reference data. Dates are partialDatetime, numbers keep their digits as text.
 *
 * libxml2 writes. No jump crosses it: while it runs, nothing of ours allocates in an arena, and
 * what it wrote is copied with the arena landing here, so that its buffer is freed in any case. */
#include "export/writer.h"

#include <libxml/xmlwriter.h>

typedef struct page {
    xmlBufferPtr buffer;
    xmlTextWriterPtr xml;
    bool failed;
    arena *arena;
    str text;
} page;

static bool page_open(page *p, arena *arena) {
    *p = (page){.buffer = xmlBufferCreate(), .arena = arena};
    p->xml = p->buffer ? xmlNewTextWriterMemory(p->buffer, 0) : NULL;
    p->failed = !p->xml;
    return !p->failed;
}

static void copy_step(void *state) {
    page *p = state;
    p->text = arena_str(p->arena, str_from((const char *)xmlBufferContent(p->buffer)));
}

/* What was written, in the arena. */
static str page_close(page *p) {
    landing inner, *outer = p->arena->landing;
    if (p->xml) xmlFreeTextWriter(p->xml); /* flushes into the buffer */
    bool copied = false;
    if (!p->failed) {
        p->arena->landing = &inner;
        copied = guarded(&inner, copy_step, p);
        p->arena->landing = outer;
    }
    if (p->buffer) xmlBufferFree(p->buffer);
    if (p->failed) fault_raise(outer, FAULT_NOMEM, -1, "the system has no memory left for XML");
    if (!copied) fault_raise(outer, inner.fault.code, -1, "%s", inner.fault.text);
    return p->text;
}

static void check(page *p, int result) {
    if (result < 0) p->failed = true;
}

static void open_element(page *p, const char *name) {
    check(p, xmlTextWriterStartElement(p->xml, BAD_CAST name));
}
static void close_element(page *p) { check(p, xmlTextWriterEndElement(p->xml)); }

/* XML 1.0 has no place for control characters: blanks stand for them. */
static xmlChar *text_of(str text) {
    xmlChar *copy = xmlStrndup(BAD_CAST(text.p ? text.p : ""), (int)text.n);
    for (xmlChar *c = copy; c && *c; c++)
        if (*c < ' ' && *c != '\t' && *c != '\n' && *c != '\r') *c = ' ';
    return copy;
}

static void attribute(page *p, const char *name, str value) {
    xmlChar *text = text_of(value);
    check(p, text ? xmlTextWriterWriteAttribute(p->xml, BAD_CAST name, text) : -1);
    xmlFree(text);
}

static void content(page *p, str value) {
    xmlChar *text = text_of(value);
    check(p, text ? xmlTextWriterWriteString(p->xml, text) : -1);
    xmlFree(text);
}

/* An attribute of a prefix and names joined by points: "IT.QS.QSSEQ". */
static void oid(page *p, const char *name, const char *prefix, str a, str b) {
    xmlChar *first = text_of(a), *second = text_of(b);
    check(p, first && second
                 ? xmlTextWriterWriteFormatAttribute(p->xml, BAD_CAST name, "%s.%s%s%s", prefix,
                                                     (char *)first, b.n ? "." : "", (char *)second)
                 : -1);
    xmlFree(first);
    xmlFree(second);
}

static void number(page *p, const char *name, int value) {
    check(p, xmlTextWriterWriteFormatAttribute(p->xml, BAD_CAST name, "%d", value));
}

static void element_text(page *p, const char *name, str text) {
    open_element(p, name);
    content(p, text);
    close_element(p);
}

/* --- data --- */
static bool repeats(const dataset *d) {
    for (isize i = 0; i < d->column_count; i++)
        if (d->columns[i].sequence) return true;
    return d->of_study;
}

static void put_row(page *p, const dataset *d, str *cells, isize row) {
    open_element(p, "ItemGroupData");
    oid(p, "ItemGroupOID", "IG", d->name, (str){0});
    if (repeats(d)) number(p, "ItemGroupRepeatKey", (int)row + 1);
    for (isize i = 0; i < d->column_count; i++) {
        if (!cells[i].p || !cells[i].n) continue;
        open_element(p, "ItemData");
        oid(p, "ItemOID", "IT", d->name, d->columns[i].name);
        attribute(p, "Value", cells[i]);
        close_element(p);
    }
    close_element(p);
}

static void put_subject(page *p, const subject *s, isize *records) {
    open_element(p, "SubjectData");
    attribute(p, "SubjectKey", s->name);
    open_element(p, "StudyEventData");
    attribute(p, "StudyEventOID", S("SE.RECORD"));
    for (isize i = 0; i < s->sheet_count; i++) {
        const sheet *of = &s->sheets[i];
        if (of->n == 0) continue;
        open_element(p, "FormData");
        oid(p, "FormOID", "FO", of->dataset->name, (str){0});
        for (isize k = 0; k < of->n; k++, (*records)++) put_row(p, of->dataset, of->rows[k], k);
        close_element(p);
    }
    close_element(p);
    close_element(p);
}

str odm_subject(const export_job *job, arena *arena, const subject *s, isize *records) {
    page p;
    (void)job;
    *records = 0;
    if (page_open(&p, arena)) put_subject(&p, s, records);
    return page_close(&p);
}

/* --- metadata --- */
static const char *data_type(dataset_type type) {
    static const char *const names[] = {"text", "integer", "float", "partialDatetime"};
    return names[type];
}

/* SDTM's longest text; the digits of our integers and decimals (decimal.h). */
enum { TEXT_LENGTH = 200, INTEGER_LENGTH = 20, DECIMAL_LENGTH = 40, DECIMAL_PLACES = 34 };

static void put_lengths(page *p, dataset_type type) {
    if (type == DATASET_STRING) number(p, "Length", TEXT_LENGTH);
    if (type == DATASET_INTEGER) number(p, "Length", INTEGER_LENGTH);
    if (type != DATASET_DECIMAL) return;
    number(p, "Length", DECIMAL_LENGTH);
    number(p, "SignificantDigits", DECIMAL_PLACES);
}

static void put_item(page *p, const dataset *d, const dataset_column *c) {
    open_element(p, "ItemDef");
    oid(p, "OID", "IT", d->name, c->name);
    attribute(p, "Name", c->name);
    attribute(p, "DataType", str_from(data_type(c->type)));
    put_lengths(p, c->type);
    attribute(p, "SASFieldName", c->name);
    open_element(p, "Description");
    open_element(p, "TranslatedText");
    attribute(p, "xml:lang", S("en"));
    content(p, c->label);
    close_element(p);
    close_element(p);
    close_element(p);
}

static void put_group(page *p, const dataset *d) {
    open_element(p, "ItemGroupDef");
    oid(p, "OID", "IG", d->name, (str){0});
    attribute(p, "Name", d->label);
    attribute(p, "Repeating", repeats(d) ? S("Yes") : S("No"));
    if (d->of_study) attribute(p, "IsReferenceData", S("Yes"));
    attribute(p, "SASDatasetName", d->name);
    attribute(p, "Domain", d->name);
    for (isize i = 0; i < d->column_count; i++) {
        open_element(p, "ItemRef");
        oid(p, "ItemOID", "IT", d->name, d->columns[i].name);
        number(p, "OrderNumber", (int)i + 1);
        attribute(p, "Mandatory", S("No"));
        if (d->columns[i].key) number(p, "KeySequence", d->columns[i].key);
        close_element(p);
    }
    close_element(p);
}

static void put_forms(page *p, const mappings *m) {
    open_element(p, "StudyEventDef");
    attribute(p, "OID", S("SE.RECORD"));
    attribute(p, "Name", S("Record"));
    attribute(p, "Repeating", S("No"));
    attribute(p, "Type", S("Common"));
    for (isize i = 0; i < mappings_dataset_count(m); i++) {
        if (mappings_dataset(m, i)->of_study) continue;
        open_element(p, "FormRef");
        oid(p, "FormOID", "FO", mappings_dataset(m, i)->name, (str){0});
        attribute(p, "Mandatory", S("No"));
        close_element(p);
    }
    close_element(p);
    for (isize i = 0; i < mappings_dataset_count(m); i++) {
        const dataset *d = mappings_dataset(m, i);
        if (d->of_study) continue;
        open_element(p, "FormDef");
        oid(p, "OID", "FO", d->name, (str){0});
        attribute(p, "Name", d->label);
        attribute(p, "Repeating", S("No"));
        open_element(p, "ItemGroupRef");
        oid(p, "ItemGroupOID", "IG", d->name, (str){0});
        attribute(p, "Mandatory", S("No"));
        close_element(p);
        close_element(p);
    }
}

static void put_metadata(page *p, const export_job *job) {
    const mappings *m = job->mappings;
    open_element(p, "MetaDataVersion");
    oid(p, "OID", "MDV", mappings_digest(m), (str){0});
    attribute(p, "Name", S("Datasets of the mapping set"));
    open_element(p, "Protocol");
    open_element(p, "StudyEventRef");
    attribute(p, "StudyEventOID", S("SE.RECORD"));
    attribute(p, "Mandatory", S("Yes"));
    close_element(p);
    close_element(p);
    put_forms(p, m);
    for (isize i = 0; i < mappings_dataset_count(m); i++) put_group(p, mappings_dataset(m, i));
    for (isize i = 0; i < mappings_dataset_count(m); i++) {
        const dataset *d = mappings_dataset(m, i);
        for (isize k = 0; k < d->column_count; k++) put_item(p, d, &d->columns[k]);
    }
    close_element(p);
}

static void put_study(page *p, const export_job *job) {
    open_element(p, "Study");
    oid(p, "OID", "ST", study_id(job->study), (str){0});
    open_element(p, "GlobalVariables");
    element_text(p, "StudyName", study_id(job->study));
    element_text(p, "StudyDescription", study_title(job->study));
    element_text(p, "ProtocolName", study_id(job->study));
    close_element(p);
    put_metadata(p, job);
    close_element(p);
}

static void put_reference(page *p, const export_job *job, const sheet *sheets, isize n) {
    if (n == 0) return;
    open_element(p, "ReferenceData");
    oid(p, "StudyOID", "ST", study_id(job->study), (str){0});
    oid(p, "MetaDataVersionOID", "MDV", mappings_digest(job->mappings), (str){0});
    for (isize i = 0; i < n; i++)
        for (isize k = 0; k < sheets[i].n; k++) put_row(p, sheets[i].dataset, sheets[i].rows[k], k);
    close_element(p);
}

static void put_root(page *p, const export_job *job) {
    check(p, xmlTextWriterStartDocument(p->xml, "1.0", "UTF-8", NULL));
    open_element(p, "ODM");
    attribute(p, "xmlns", S("http://www.cdisc.org/ns/odm/v1.3"));
    attribute(p, "FileType", S("Snapshot"));
    oid(p, "FileOID", "fhirtrial", study_id(job->study), job->created);
    attribute(p, "CreationDateTime", job->created);
    attribute(p, "ODMVersion", S("1.3.2"));
    attribute(p, "SourceSystem", S("fhirtrial"));
    attribute(p, "SourceSystemVersion", job->version);
}

void odm_frame(const export_job *job, arena *arena, export_frame *out) {
    page p;
    isize n = 0, records = 0, count = mappings_dataset_count(job->mappings);
    sheet *sheets = arena_new(arena, sheet, count);
    for (isize i = 0; i < count; i++) {
        const dataset *d = mappings_dataset(job->mappings, i);
        if (!d->of_study) continue;
        sheet_of_study(job, arena, d, &sheets[n]);
        records += sheets[n++].n;
    }
    if (page_open(&p, arena)) {
        put_root(&p, job);
        put_study(&p, job);
        put_reference(&p, job, sheets, n);
        open_element(&p, "ClinicalData");
        oid(&p, "StudyOID", "ST", study_id(job->study), (str){0});
        oid(&p, "MetaDataVersionOID", "MDV", mappings_digest(job->mappings), (str){0});
        content(&p, S("\n")); /* the subjects follow here */
    }
    *out = (export_frame){.head = page_close(&p),
                          .between = S("\n"),
                          .tail = S("\n</ClinicalData></ODM>\n"),
                          .records = records};
}
