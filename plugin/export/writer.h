/* SPDX-License-Identifier: Apache-2.0 */
/* writer.h: what the files of the export room share: how a value leaves, the rows of a dataset for
 * one subject, and what each format gives to export.c. */
#ifndef FHIRTRIAL_EXPORT_WRITER_H
#define FHIRTRIAL_EXPORT_WRITER_H

#include "export/export.h"

enum { EXPORT_TEXT_BYTES = 64 << 20 }; /* one subject's share of one file, or one head */

/* --- leave.c --- */
/* A keyed hash of `thing`, of the export's scope; `kind` keeps subjects and rows apart. */
str leave_pseudonym(const export_job *job, arena *arena, str kind, str thing);
/* The text as it leaves, without a pointer where nothing does. `owner` is the subject's patient
 * key: equal ids of two subjects do not look equal. */
str leave_text(const export_job *job, arena *arena, leaving how, str owner, str text);

/* --- sheet.c --- */
/* A dataset's rows, sorted by its keys and numbered; a cell without a pointer is null. */
typedef struct sheet {
    const dataset *dataset;
    str **rows;
    isize n, cap;
} sheet;
void sheet_fill(const export_job *job, arena *arena, const dataset *d, str owner,
                const tape *document, sheet *out);
/* The same of a dataset of the study. */
void sheet_of_study(const export_job *job, arena *arena, const dataset *d, sheet *out);
/* Sorts lines bytewise: rows whose order would tell in which order a feed names its resources. */
void sort_texts(arena *arena, str *texts, isize n);

/* --- subject.c --- */
/* All that is known of one subject in this export. */
typedef struct subject {
    str key;  /* patient key: never written */
    str name; /* pseudonym */
    tape record, document;
    const sheet *sheets; /* one a dataset of a subject, in name order */
    isize sheet_count;
} subject;

/* --- the formats --- */
typedef struct parts {
    arena *arena;
    export_part *list;
    isize n, cap;
} parts;
void parts_add(parts *to, str file, isize records, str text);

/* csv.c. A field as RFC 4180 asks; a text that a spreadsheet would take for a formula gets a quote
 * in front, numbers do not. */
void csv_field(buf *out, str text, bool number);
void csv_line_end(buf *out);
str csv_file(arena *arena, const view *v);
void csv_subject(const export_job *job, const subject *s, parts *to);
void csv_frame(const export_job *job, arena *arena, const view *v, export_frame *out);

/* ndjson.c */
str ndjson_file(arena *arena, const view *v);
void ndjson_subject(const export_job *job, const subject *s, parts *to);

/* view_rows.c: the rows of a record's views, for csv.c and ndjson.c. */
isize view_rows_views(const export_job *job);
const view *view_rows_view(const export_job *job, isize i);
typedef struct view_rows_column {
    str name;
    model_type type;
    model_key key;
    leaving leaving;
    bool collection;
} view_rows_column;
/* The columns of a view that leave, `source` first where it is a stored one. */
isize view_rows_columns(const export_job *job, arena *arena, const view *v, view_rows_column **out);
/* One view's rows on their way to lines. */
typedef struct leaving_rows {
    const export_job *job;
    arena *arena;
    const subject *subject;
    const view_rows_column *columns;
    isize column_count;
} leaving_rows;
/* Adds a part for each view of which the subject has rows: `file` names it, `line` writes one row;
 * the lines are sorted. */
void view_rows_subject(const export_job *job, const subject *s, str (*file)(arena *, const view *),
                       void (*line)(const leaving_rows *rows, uint32_t node, buf *out), parts *to);
/* Calls `row` with the node of each row that can be used. */
void view_rows_each(const subject *s, const view *v, void (*row)(void *self, uint32_t node),
                    void *self);
/* A node's values below one column, as they leave; how many. Complex ones are given as their
 * parts. */
typedef struct view_value {
    model_type type;
    str text;         /* primitives; NULL pointer: not */
    str system, code; /* Coding, Quantity */
    str value;        /* Quantity: its number */
    str start, end;   /* Period */
} view_value;
isize view_rows_values(const export_job *job, arena *arena, const subject *s, uint32_t row,
                       const view_rows_column *column, view_value **out);

/* dataset_json.c; `lines`: the NDJSON form. */
str dataset_json_file(arena *arena, const dataset *d, bool lines);
str dataset_json_rows(arena *arena, const sheet *rows, bool lines);
void dataset_json_frame(const export_job *job, arena *arena, const dataset *d, bool lines,
                        int64_t records, export_frame *out);

/* odm.c */
str odm_subject(const export_job *job, arena *arena, const subject *s, isize *records);
void odm_frame(const export_job *job, arena *arena, export_frame *out);

/* redcap.c */
str redcap_subject(const export_job *job, arena *arena, const subject *s, isize *records);
void redcap_dictionary(const export_job *job, arena *arena, export_frame *out);
void redcap_frame(const export_job *job, arena *arena, export_frame *out);

/* definitions.c */
void definitions_frame(const export_job *job, arena *arena, export_frame *out);

#endif
