/* SPDX-License-Identifier: Apache-2.0 */
/* handle.h: the table between the numbers that hosts hold and the instances behind them. A handle
 * is slot (low 12 bits) and generation; a number that was closed, or never given out, finds
 * nothing. Whoever has taken an instance keeps it alive until he gives it back; removing waits for
 * them all. */
#ifndef FHIRTRIAL_HANDLE_H
#define FHIRTRIAL_HANDLE_H

#include "instance.h"

/* A handle for the instance, or 0 when the table is full (4,095 handles). */
int32_t handle_add(instance *instance);
/* The instance, taken; NULL with *code FHIRTRIAL_E_HANDLE, _E_CLOSED (being closed) or _E_FORK. */
instance *handle_take(int32_t handle, int32_t *code);
void handle_give(int32_t handle);
/* Marks the handle as closing, so that it can no longer be taken; NULL as above. The caller then
 * lets the work end and calls handle_remove. */
instance *handle_close(int32_t handle, int32_t *code);
/* Waits until nobody else has the instance, and frees the slot. */
void handle_remove(int32_t handle);

#endif
