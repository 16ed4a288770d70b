/* SPDX-License-Identifier: Apache-2.0 */
/* literal.h: the text of a literal to its value. Values point into the arena they were made in. */
#ifndef FHIRTRIAL_PATH_LITERAL_H
#define FHIRTRIAL_PATH_LITERAL_H

#include "path/ast.h"
#include "path/lex.h"

/* The text between the quotes of a string or quoted name with its escapes undone; false when \uXXXX
 * is no character (0, half of a surrogate pair). (FHIRPath: String; a backslash before anything
 * else is dropped, so '\u005' is 'u005'.) */
bool literal_unquote(arena *arena, str quoted, str *out);
/* A number, date or time token's text as a value; false when out of range or no calendar date, with
 * *why set to static text. */
bool literal_value(arena *arena, token_kind kind, str text, item *out, const char **why);
/* Whether a time token's text ends in a zone, which a Time has not. */
bool literal_has_zone(str time);
/* The singular of a calendar duration word ("years" -> "year"), or the empty str. */
str literal_calendar_unit(str word);

#endif
