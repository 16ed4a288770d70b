/* SPDX-License-Identifier: Apache-2.0 */
/* table.h: rows of text as a table on standard output; columns are as wide as their widest cell,
 * counted in Unicode code points. */
#ifndef FHIRTRIAL_HOSTS_CLI_TABLE_H
#define FHIRTRIAL_HOSTS_CLI_TABLE_H

enum { TABLE_COLUMNS = 64 };

typedef struct table {
    int columns;
    long rows, cap;
    char **cells; /* rows * columns; row 0 is the heading; owned copies */
} table;

void table_init(table *table, int columns);
/* Adds one cell after the other, row by row; NULL and "" are shown as nothing. Control characters
 * are shown as spaces. */
void table_add(table *table, const char *text);
/* Prints heading, a rule and the rows, leaving out columns that are empty in every row. */
void table_print(const table *table);
void table_free(table *table);

#endif
