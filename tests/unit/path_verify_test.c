/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier refuses programs that lower.c would have to be broken to make, and those that need
 * more than the machine has. */
#include "path/calls.h"
#include "path/lower.h"
#include "unit.h"

static const item constants[] = {
    {.kind = ITEM_INTEGER, .integer = 1}, {.kind = ITEM_STRING}, {.kind = ITEM_TYPE}};
/* Two good ones, then each with a fault. */
static const step steps[] = {{.key = 1, .name = 1},
                             {.stays = true, .only = 1, .type = 2},
                             {.key = 1, .name = 0},
                             {.stays = true, .only = 1, .type = 3}};

static bool accepted(const op *ops, isize n) {
    const char *why = NULL;
    program p = {.ops = ops,
                 .n = n,
                 .constants = constants,
                 .constant_count = COUNT_OF(constants),
                 .steps = steps,
                 .step_count = COUNT_OF(steps)};
    bool ok = verify_program(&p, &why);
    CHECK(ok || (why && why[0]));
    return ok;
}

#define ACCEPTED(...) accepted((const op[]){__VA_ARGS__}, COUNT_OF(((const op[]){__VA_ARGS__})))

static void good(void) {
    CHECK(ACCEPTED({.code = OP_this}));
    CHECK(ACCEPTED({.code = OP_constant}, {.code = OP_constant}, {.code = OP_add}));
    CHECK(ACCEPTED({.code = OP_constants, .a = 2, .b = 1}));
    CHECK(ACCEPTED({.code = OP_this}, {.code = OP_compare, .a = OP_equal, .b = 2}));
    CHECK(ACCEPTED({.code = OP_this}, {.code = OP_in_constants, .a = 3}));
    CHECK(ACCEPTED({.code = OP_this},
                   {.code = OP_call, .a = CALL_ID_where, .argc = 1, .parts = 1, .b = 4},
                   {.code = OP_body, .b = 4}, {.code = OP_this}));
    CHECK(ACCEPTED({.code = OP_this}, {.code = OP_and_left, .b = 4}, {.code = OP_this},
                   {.code = OP_and}));
}

static void operands(void) {
    CHECK(!accepted(NULL, 0));
    CHECK(!ACCEPTED({.code = OP_add}));
    CHECK(!ACCEPTED({.code = OP_this}, {.code = OP_this}));
    CHECK(!ACCEPTED({.code = OP_constant, .b = 3}));
    CHECK(!ACCEPTED({.code = OP_constants, .a = 2, .b = 2}));
    CHECK(!ACCEPTED({.code = OP_constants, .a = 4}));
    CHECK(!ACCEPTED({.code = OP_this}, {.code = OP_compare, .a = OP_equal, .b = 3}));
    CHECK(!ACCEPTED({.code = OP_this}, {.code = OP_compare, .a = OP_add}));
    CHECK(!ACCEPTED({.code = OP_this}, {.code = OP_is, .b = 1}));
    CHECK(!ACCEPTED({.code = OP_environment}));
    CHECK(!ACCEPTED({.code = OP_variable}));
    CHECK(!ACCEPTED({.code = OP_COUNT}));
    CHECK(!ACCEPTED({.code = OP_body, .b = 1}));
    CHECK(!ACCEPTED({.code = OP_this}, {.code = OP_call, .a = CALL_COUNT, .b = 2}));
}

static void paths(void) {
    CHECK(ACCEPTED({.code = OP_path, .argc = 2}));
    CHECK(ACCEPTED({.code = OP_this}, {.code = OP_path_of, .argc = 1, .b = 1}));
    CHECK(ACCEPTED({.code = OP_path_equal, .argc = 1, .a = 2}));
    CHECK(!ACCEPTED({.code = OP_path}));
    CHECK(!ACCEPTED({.code = OP_path_of, .argc = 1}));
    CHECK(!ACCEPTED({.code = OP_path, .argc = 1, .b = 2}));
    CHECK(!ACCEPTED({.code = OP_path, .argc = 1, .b = 3}));
    CHECK(!ACCEPTED({.code = OP_path, .argc = 2, .b = 3}));
    CHECK(!ACCEPTED({.code = OP_path, .argc = 1, .b = 4}));
    CHECK(!ACCEPTED({.code = OP_path_equal, .argc = 1, .a = 3}));
}

static void parts(void) {
    CHECK(!ACCEPTED({.code = OP_this},
                    {.code = OP_call, .a = CALL_ID_where, .argc = 1, .parts = 1, .b = 2}));
    CHECK(!ACCEPTED({.code = OP_this},
                    {.code = OP_call, .a = CALL_ID_where, .argc = 1, .parts = 1, .b = 4},
                    {.code = OP_body, .b = 3}, {.code = OP_this}));
    CHECK(!ACCEPTED({.code = OP_this},
                    {.code = OP_call, .a = CALL_ID_where, .argc = 1, .parts = 1, .b = 9},
                    {.code = OP_body, .b = 4}, {.code = OP_this}));
    CHECK(!ACCEPTED({.code = OP_this}, {.code = OP_call, .a = CALL_ID_count, .b = 3},
                    {.code = OP_this}));
    CHECK(!ACCEPTED({.code = OP_this}, {.code = OP_call, .a = CALL_ID_where, .argc = 1, .b = 4},
                    {.code = OP_body, .b = 4}, {.code = OP_this}));
    CHECK(!ACCEPTED({.code = OP_this}, {.code = OP_and_left, .b = 9}, {.code = OP_this},
                    {.code = OP_and}));
    CHECK(!ACCEPTED({.code = OP_this}, {.code = OP_and_left, .b = 1}, {.code = OP_this},
                    {.code = OP_and}));
}

static void height(void) {
    op ops[2 * STACK_COLLECTIONS];
    isize n = 0;
    while (n < STACK_COLLECTIONS) ops[n++] = (op){.code = OP_this};
    for (int i = 1; i < STACK_COLLECTIONS; i++) ops[n++] = (op){.code = OP_union};
    CHECK(!accepted(ops, n));
    CHECK(accepted(ops + STACK_COLLECTIONS / 2, n - STACK_COLLECTIONS));
}

const unit_test path_verify_suite[] = {UNIT_TEST(good),  UNIT_TEST(operands), UNIT_TEST(paths),
                                       UNIT_TEST(parts), UNIT_TEST(height),   UNIT_END};
