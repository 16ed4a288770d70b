/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "handle.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { HANDLES = 4095, SLOT_MASK = 4095 };

static instance *instance_here(void) {
    instance *i = calloc(1, sizeof *i);
    if (!i) abort();
    i->process = getpid();
    return i;
}

static void a_handle_finds_its_instance(void) {
    int32_t code = 99;
    instance *i = instance_here();
    int32_t h = handle_add(i);
    CHECK(h > 0);
    CHECK(handle_take(h, &code) == i);
    CHECK_INT(code, FHIRTRIAL_OK);
    handle_give(h);
    CHECK(handle_close(h, &code) == i);
    handle_remove(h);
    free(i);
}

static void a_removed_handle_finds_nothing(void) {
    int32_t code = 99;
    instance *i = instance_here();
    int32_t first = handle_add(i);
    CHECK(handle_close(first, &code) == i);
    handle_remove(first);
    CHECK(handle_take(first, &code) == NULL);
    CHECK_INT(code, FHIRTRIAL_E_HANDLE);
    /* The slot is used again under another generation. */
    int32_t second = handle_add(i);
    CHECK_INT(second & SLOT_MASK, first & SLOT_MASK);
    CHECK(second != first);
    CHECK(handle_take(first, &code) == NULL);
    CHECK_INT(code, FHIRTRIAL_E_HANDLE);
    CHECK(handle_close(first, &code) == NULL);
    CHECK_INT(code, FHIRTRIAL_E_HANDLE);
    (void)handle_close(second, &code);
    handle_remove(second);
    free(i);
}

static void odd_numbers_find_nothing(void) {
    static const int32_t odd[] = {0, -1, 1, 4095, 4096, INT32_MAX, INT32_MIN};
    for (size_t k = 0; k < sizeof odd / sizeof odd[0]; k++) {
        int32_t code = 99;
        CHECK(handle_take(odd[k], &code) == NULL);
        CHECK_INT(code, FHIRTRIAL_E_HANDLE);
        handle_give(odd[k]);
    }
}

static void a_closing_handle_cannot_be_taken(void) {
    int32_t code = 99;
    instance *i = instance_here();
    int32_t h = handle_add(i);
    CHECK(handle_close(h, &code) == i);
    CHECK(handle_take(h, &code) == NULL);
    CHECK_INT(code, FHIRTRIAL_E_CLOSED);
    CHECK(handle_close(h, &code) == NULL);
    CHECK_INT(code, FHIRTRIAL_E_CLOSED);
    handle_remove(h);
    free(i);
}

static void the_table_has_an_end(void) {
    static int32_t handles[HANDLES];
    int32_t code;
    instance *i = instance_here();
    for (int k = 0; k < HANDLES; k++) {
        handles[k] = handle_add(i);
        CHECK_OR_RETURN(handles[k] > 0);
    }
    CHECK_INT(handle_add(i), 0);
    (void)handle_close(handles[7], &code);
    handle_remove(handles[7]);
    int32_t again = handle_add(i);
    CHECK_INT(again & SLOT_MASK, handles[7] & SLOT_MASK);
    handles[7] = again;
    for (int k = 0; k < HANDLES; k++) {
        (void)handle_close(handles[k], &code);
        handle_remove(handles[k]);
    }
    free(i);
}

static void generations_come_round(void) {
    int32_t code, first = 0;
    instance *i = instance_here();
    for (int k = 0; k < (1 << 19) + 3; k++) {
        int32_t h = handle_add(i);
        if (k == 0) first = h & SLOT_MASK;
        if (h <= 0 || (h & SLOT_MASK) != first) {
            CHECK_MSG(false, "round %d gives %d", k, h);
            break;
        }
        (void)handle_close(h, &code);
        handle_remove(h);
    }
    free(i);
}

static void another_process_is_refused(void) {
    int32_t code = 99;
    instance *i = instance_here();
    int32_t h = handle_add(i);
    i->process = getpid() + 1;
    CHECK(handle_take(h, &code) == NULL);
    CHECK_INT(code, FHIRTRIAL_E_FORK);
    CHECK(handle_close(h, &code) == NULL);
    CHECK_INT(code, FHIRTRIAL_E_FORK);
    free(i);
}

typedef struct user {
    int32_t handle;
    atomic_bool given;
} user;

static void *give_later(void *argument) {
    user *u = argument;
    struct timespec pause = {0, 30000000};
    nanosleep(&pause, NULL);
    atomic_store(&u->given, true);
    handle_give(u->handle);
    return NULL;
}

static void removing_waits_for_users(void) {
    int32_t code;
    pthread_t thread;
    instance *i = instance_here();
    user u = {.handle = handle_add(i)};
    CHECK(handle_take(u.handle, &code) == i);
    (void)handle_close(u.handle, &code);
    pthread_create(&thread, NULL, give_later, &u);
    handle_remove(u.handle);
    CHECK(atomic_load(&u.given));
    pthread_join(thread, NULL);
    free(i);
}

const unit_test plugin_handle_suite[] = {
    UNIT_TEST(a_handle_finds_its_instance),
    UNIT_TEST(a_removed_handle_finds_nothing),
    UNIT_TEST(odd_numbers_find_nothing),
    UNIT_TEST(a_closing_handle_cannot_be_taken),
    UNIT_TEST(the_table_has_an_end),
    UNIT_TEST(generations_come_round),
    UNIT_TEST(another_process_is_refused),
    UNIT_TEST(removing_waits_for_users),
    UNIT_END,
};
