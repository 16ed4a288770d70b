/* SPDX-License-Identifier: Apache-2.0 */
/* redcap.c: the datasets for REDCap: a data dictionary and a file for the import of data. A dataset
 * is an instrument; one whose rows are numbered is to be set up as repeating. Fields are texts:
 * REDCap's date validations know no partial dates. What is the same on every row of a subject
 * (study, domain, subject) is in record_id and the instrument's name already. */
#include "export/writer.h"

static bool lower(str name, char *out, isize cap) {
    if (name.n >= cap) return false;
    for (isize i = 0; i < name.n; i++) {
        char c = name.p[i];
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
    }
    out[name.n] = 0;
    return true;
}

static void put_name(buf *out, str name) {
    char text[64];
    if (lower(name, text, (isize)sizeof text)) buf_add(out, str_from(text));
}

static bool repeats(const dataset *d) {
    for (isize i = 0; i < d->column_count; i++)
        if (d->columns[i].sequence) return true;
    return false;
}

/* A field of its own: no other dataset has a column of this name. */
static bool own_field(const export_job *job, const dataset *d, str name) {
    for (isize i = 0; i < mappings_dataset_count(job->mappings); i++) {
        const dataset *other = mappings_dataset(job->mappings, i);
        if (other == d || other->of_study) continue;
        for (isize k = 0; k < other->column_count; k++)
            if (str_eq(other->columns[k].name, name)) return false;
    }
    return true;
}

/* --- the data dictionary --- */
static const char *const dictionary_heading[] = {"Variable / Field Name",
                                                 "Form Name",
                                                 "Section Header",
                                                 "Field Type",
                                                 "Field Label",
                                                 "Choices, Calculations, OR Slider Labels",
                                                 "Field Note",
                                                 "Text Validation Type OR Show Slider Number",
                                                 "Text Validation Min",
                                                 "Text Validation Max",
                                                 "Identifier?",
                                                 "Branching Logic (Show field only if...)",
                                                 "Required Field?",
                                                 "Custom Alignment",
                                                 "Question Number (surveys only)",
                                                 "Matrix Group Name",
                                                 "Matrix Ranking?",
                                                 "Field Annotation"};

enum { COLUMN_VALIDATION = 7 }; /* its place in the heading, from 0 */

static void dictionary_line(buf *out, str field, str form, str label, str validation) {
    put_name(out, field);
    buf_byte(out, ',');
    put_name(out, form);
    buf_add(out, S(",,text,"));
    csv_field(out, label, false);
    buf_add(out, S(",,,"));
    buf_add(out, validation);
    for (isize i = COLUMN_VALIDATION + 1; i < COUNT_OF(dictionary_heading); i++) buf_byte(out, ',');
    csv_line_end(out);
}

static str validation_of(dataset_type type) {
    return type == DATASET_INTEGER ? S("integer") : type == DATASET_DECIMAL ? S("number") : S("");
}

/* The instrument of record_id: the first that does not repeat. */
static const dataset *first_form(const export_job *job) {
    const dataset *first = NULL;
    for (isize i = 0; i < mappings_dataset_count(job->mappings); i++) {
        const dataset *d = mappings_dataset(job->mappings, i);
        if (d->of_study) continue;
        if (!first || (repeats(first) && !repeats(d))) first = d;
    }
    return first;
}

static void form_fields(const export_job *job, const dataset *d, buf *out) {
    for (isize i = 0; i < d->column_count; i++)
        if (own_field(job, d, d->columns[i].name))
            dictionary_line(out, d->columns[i].name, d->name, d->columns[i].label,
                            validation_of(d->columns[i].type));
}

void redcap_dictionary(const export_job *job, arena *arena, export_frame *out) {
    const dataset *first = first_form(job);
    buf head = buf_new(arena, EXPORT_TEXT_BYTES, "a data dictionary");
    for (isize i = 0; i < COUNT_OF(dictionary_heading); i++) {
        if (i) buf_byte(&head, ',');
        csv_field(&head, str_from(dictionary_heading[i]), false);
    }
    csv_line_end(&head);
    if (first) {
        dictionary_line(&head, S("record_id"), first->name, S("Subject (pseudonym)"), S(""));
        form_fields(job, first, &head);
    }
    for (isize i = 0; i < mappings_dataset_count(job->mappings); i++) {
        const dataset *d = mappings_dataset(job->mappings, i);
        if (d != first && !d->of_study) form_fields(job, d, &head);
    }
    *out = (export_frame){.head = buf_str(&head)};
}

/* --- the data --- */
void redcap_frame(const export_job *job, arena *arena, export_frame *out) {
    buf head = buf_new(arena, EXPORT_TEXT_BYTES, "a heading of REDCap");
    buf_add(&head, S("record_id,redcap_repeat_instrument,redcap_repeat_instance"));
    for (isize i = 0; i < mappings_dataset_count(job->mappings); i++) {
        const dataset *d = mappings_dataset(job->mappings, i);
        for (isize k = 0; k < d->column_count && !d->of_study; k++) {
            if (!own_field(job, d, d->columns[k].name)) continue;
            buf_byte(&head, ',');
            put_name(&head, d->columns[k].name);
        }
    }
    csv_line_end(&head);
    *out = (export_frame){.head = buf_str(&head)};
}

static void row_line(const export_job *job, const subject *s, const sheet *of, isize row,
                     buf *out) {
    csv_field(out, s->name, false);
    buf_byte(out, ',');
    if (repeats(of->dataset)) {
        put_name(out, of->dataset->name);
        buf_printf(out, ",%td", row + 1);
    } else {
        buf_byte(out, ',');
    }
    for (isize i = 0; i < s->sheet_count; i++) {
        const dataset *d = s->sheets[i].dataset;
        for (isize k = 0; k < d->column_count; k++) {
            if (!own_field(job, d, d->columns[k].name)) continue;
            dataset_type type = d->columns[k].type;
            buf_byte(out, ',');
            if (d == of->dataset)
                csv_field(out, of->rows[row][k],
                          type == DATASET_INTEGER || type == DATASET_DECIMAL);
        }
    }
    csv_line_end(out);
}

str redcap_subject(const export_job *job, arena *arena, const subject *s, isize *records) {
    buf out = buf_new(arena, EXPORT_TEXT_BYTES, "a subject's rows for REDCap");
    *records = 0;
    for (isize i = 0; i < s->sheet_count; i++)
        for (isize k = 0; k < s->sheets[i].n; k++, (*records)++)
            row_line(job, s, &s->sheets[i], k, &out);
    return buf_str(&out);
}
