/* SPDX-License-Identifier: Apache-2.0 */
/* lower.h: a checked tree to operations (program.h), and the verifier that no wrong program gets
 * past. */
#ifndef FHIRTRIAL_PATH_LOWER_H
#define FHIRTRIAL_PATH_LOWER_H

#include "path/check.h"

/* Fills in ops, types, constants and their counts. Everything lives in the arena. */
void lower_expression(arena *arena, const ast *root, program *out);
/* Walks all operations as the machine would and holds them to its limits: operands in range, parts
 * nested and each leaving one collection. False with *why set: the expression needs more than the
 * machine has (a limit), or lower.c is wrong. */
bool verify_program(const program *p, const char **why);

#endif
