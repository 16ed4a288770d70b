/* SPDX-License-Identifier: Apache-2.0 */
/* dataset_json.c: datasets as CDISC Dataset-JSON 1.1, whole or in the NDJSON form (the first line
 * is the object without its rows, then a line a row). Members stand in the order that the standard
 * asks for, so that a reader may stream. Decimals are strings with their digits (dataType and
 * targetDataType decimal); dates are ISO 8601 texts as precise as they are known, as in CDISC's own
 * examples; null is null. */
#include "export/writer.h"

str dataset_json_file(arena *arena, const dataset *d, bool lines) {
    char name[16];
    isize n = 0;
    for (; n < d->name.n && n < (isize)sizeof name; n++) {
        char c = d->name.p[n];
        name[n] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
    }
    return arena_printf(arena, "%.*s.%s", (int)n, name, lines ? "ndjson" : "json");
}

static void row_json(const dataset *d, str *cells, buf *out) {
    buf_byte(out, '[');
    for (isize i = 0; i < d->column_count; i++) {
        if (i) buf_byte(out, ',');
        if (!cells[i].p || !cells[i].n)
            buf_add(out, S("null"));
        else if (d->columns[i].type == DATASET_INTEGER)
            buf_add(out, cells[i]);
        else
            buf_json_string(out, cells[i]);
    }
    buf_byte(out, ']');
}

static str separator(bool lines) { return lines ? S("\n") : S(",\n"); }

str dataset_json_rows(arena *arena, const sheet *rows, bool lines) {
    buf out = buf_new(arena, EXPORT_TEXT_BYTES, "a subject's rows of Dataset-JSON");
    for (isize i = 0; i < rows->n; i++) {
        if (i) buf_add(&out, separator(lines));
        row_json(rows->dataset, rows->rows[i], &out);
    }
    return buf_str(&out);
}

static void put(buf *out, const char *name, str text) {
    if (out->p[out->n - 1] != '{') buf_byte(out, ',');
    buf_printf(out, "\"%s\":", name);
    buf_json_string(out, text);
}

static const char *type_name(dataset_type type) {
    static const char *const names[] = {"string", "integer", "decimal", "datetime"};
    return names[type];
}

static void put_columns(arena *arena, const dataset *d, buf *out) {
    buf_add(out, S(",\"columns\":["));
    for (isize i = 0; i < d->column_count; i++) {
        const dataset_column *c = &d->columns[i];
        buf_add(out, i ? S(",{") : S("{"));
        put(out, "itemOID",
            arena_printf(arena, "IT.%.*s.%.*s", STR_ARGS(d->name), STR_ARGS(c->name)));
        put(out, "name", c->name);
        put(out, "label", c->label);
        buf_printf(out, ",\"dataType\":\"%s\"", type_name(c->type));
        if (c->type == DATASET_DECIMAL) buf_add(out, S(",\"targetDataType\":\"decimal\""));
        if (c->key) buf_printf(out, ",\"keySequence\":%d", c->key);
        buf_byte(out, '}');
    }
    buf_byte(out, ']');
}

void dataset_json_frame(const export_job *job, arena *arena, const dataset *d, bool lines,
                        int64_t records, export_frame *out) {
    sheet own = {0};
    if (d->of_study) sheet_of_study(job, arena, d, &own);
    buf head = buf_new(arena, EXPORT_TEXT_BYTES, "a head of Dataset-JSON");
    str study = study_id(job->study), digest = mappings_digest(job->mappings);
    buf_byte(&head, '{');
    put(&head, "datasetJSONCreationDateTime", job->created);
    put(&head, "datasetJSONVersion", S("1.1.0"));
    put(&head, "fileOID",
        arena_printf(arena, "urn:fhirtrial:%.*s:%.*s:%.*s", STR_ARGS(study), STR_ARGS(d->name),
                     STR_ARGS(job->created)));
    buf_add(&head, S(",\"sourceSystem\":{"));
    put(&head, "name", S("fhirtrial"));
    put(&head, "version", job->version);
    buf_byte(&head, '}');
    put(&head, "studyOID", study);
    put(&head, "metaDataVersionOID", arena_printf(arena, "MDV.%.*s", STR_ARGS(digest)));
    put(&head, "itemGroupOID", arena_printf(arena, "IG.%.*s", STR_ARGS(d->name)));
    buf_printf(&head, ",\"records\":%lld", (long long)(records + own.n));
    put(&head, "name", d->name);
    put(&head, "label", d->label);
    put_columns(arena, d, &head);
    buf_add(&head, lines ? S("}\n") : S(",\"rows\":[\n"));
    if (own.n) buf_add(&head, dataset_json_rows(arena, &own, lines));
    *out = (export_frame){.head = buf_str(&head),
                          .between = separator(lines),
                          .tail = lines ? records + own.n ? S("\n") : S("") : S("\n]}\n"),
                          .records = own.n};
}
