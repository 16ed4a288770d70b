/* SPDX-License-Identifier: Apache-2.0 */
/* record.c: prints the trial records. */
#include "ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char record_help[] =
    "usage: fhirtrial record [OPTION]... [PATIENT]...\n"
    "Prints the trial records: one table per view, a row per FHIR resource that gave it. Without "
    "a\n"
    "PATIENT (a Patient id) all patients' records, view by view.\n\n" ASK_OPTIONS
    "Exit code: 0 printed, 2 wrong arguments, 4 nothing is known of the patient, 5 failed.\n\n"
    "Example:  fhirtrial record --config fhirtrial.json st-001\n";

/* Column names of a view over all records, in order of appearance. */
static cJSON *columns_of(const cJSON *records, const char *view) {
    cJSON *columns = cJSON_CreateArray();
    const cJSON *record, *row, *cell;
    cJSON_ArrayForEach(record, records) {
        cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(record, view)) {
            cJSON_ArrayForEach(cell, row) {
                if (!ask_has(columns, cell->string) &&
                    cJSON_GetArraySize(columns) < TABLE_COLUMNS - 1)
                    cJSON_AddItemToArray(columns, cJSON_CreateString(cell->string));
            }
        }
    }
    return columns;
}

static void print_view(const cJSON *records, const char *view) {
    cJSON *columns = columns_of(records, view);
    const cJSON *column, *record, *row;
    table t;
    table_init(&t, cJSON_GetArraySize(columns) + 1);
    table_add(&t, "patient");
    cJSON_ArrayForEach(column, columns) {
        table_add(&t, column->valuestring);
    }
    cJSON_ArrayForEach(record, records) {
        cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(record, view)) {
            table_add(&t, record->string);
            cJSON_ArrayForEach(column, columns) {
                ask_cell(&t, cJSON_GetObjectItemCaseSensitive(row, column->valuestring));
            }
        }
    }
    if (t.rows > t.columns) {
        printf("%s\n", view);
        table_print(&t);
        putchar('\n');
    }
    table_free(&t);
    cJSON_Delete(columns);
}

static void print_records(const cJSON *records) {
    cJSON *names = cJSON_CreateArray();
    const cJSON *record, *view, *name;
    cJSON_ArrayForEach(record, records) {
        cJSON_ArrayForEach(view, record) {
            if (cJSON_IsArray(view) && !ask_has(names, view->string))
                cJSON_AddItemToArray(names, cJSON_CreateString(view->string));
        }
    }
    cJSON_ArrayForEach(name, names) {
        print_view(records, name->valuestring);
    }
    cJSON_Delete(names);
}

/* {"source":...,"patient":...,"record":{...}}; the source is null where none was named. */
static void print_line(const patient *p, const char *record) {
    cJSON *source = p->source ? cJSON_CreateString(p->source) : cJSON_CreateNull();
    cJSON *id = cJSON_CreateString(p->id);
    char *source_text = cJSON_PrintUnformatted(source), *id_text = cJSON_PrintUnformatted(id);
    if (source_text && id_text)
        printf("{\"source\":%s,\"patient\":%s,\"record\":%s}\n", source_text, id_text, record);
    cJSON_free(source_text);
    cJSON_free(id_text);
    cJSON_Delete(source);
    cJSON_Delete(id);
}

int cli_record(int argc, char **argv) {
    ask a;
    patient *list;
    int32_t code;
    int exit_code = ask_begin(&a, argc, argv, record_help);
    if (exit_code >= 0) return exit_code;
    int n = ask_patients(&a, &list, &code);
    cJSON *records = cJSON_CreateObject();
    exit_code = code == FHIRTRIAL_OK ? CLI_DONE : session_complain(&a.session, "patients", code);
    for (int i = 0; i < n && exit_code == CLI_DONE; i++) {
        char *answer = session_ask_with(&a.session, &code, "record", "patient", list[i].id,
                                        "source", list[i].source, SESSION_END);
        if (!answer)
            exit_code = session_complain(&a.session, list[i].id, code);
        else if (a.json)
            print_line(&list[i], answer);
        else
            cJSON_AddItemToObject(records, list[i].id, doc_read(answer));
        free(answer);
    }
    if (!a.json && exit_code == CLI_DONE) print_records(records);
    cJSON_Delete(records);
    ask_free_patients(list, n);
    return ask_end(&a, exit_code);
}
