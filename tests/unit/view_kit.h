/* SPDX-License-Identifier: Apache-2.0 */
/* view_kit: compiles a view and runs it over one resource, rows as text. ` stands for ". */
#ifndef FHIRTRIAL_TESTS_VIEW_KIT_H
#define FHIRTRIAL_TESTS_VIEW_KIT_H

#include "trial_kit.h"

/* Compiles against R4; NULL with k->found filled. */
const view *view_kit_compile(kit *k, const char *definition, bool strict);
/* Runs it over one resource: rows as cells JSON, one a line; or "error: ..." or "limit: ...". */
str view_kit_rows(kit *k, const view *v, const char *resource);
/* Both, lenient. */
str view_kit_run(kit *k, const char *definition, const char *resource);

/* A view on Patient of these selects. */
#define VIEW(selects)      "{`name`:`v`,`resource`:`Patient`,`select`:[" selects "]}"
#define COLUMN(name, path) "{`name`:`" name "`,`path`:`" path "`}"
#define MANY(name, path)   "{`name`:`" name "`,`path`:`" path "`,`collection`:true}"

#endif
