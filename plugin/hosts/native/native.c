/* SPDX-License-Identifier: Apache-2.0 */
#include "hosts/native/native.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    "fhirtrial_abi_version", "fhirtrial_open",       "fhirtrial_configure", "fhirtrial_process",
    "fhirtrial_submit",      "fhirtrial_wait",       "fhirtrial_result",    "fhirtrial_step",
    "fhirtrial_query",       "fhirtrial_next_event", "fhirtrial_on_log",    "fhirtrial_on_metric",
    "fhirtrial_on_clock",    "fhirtrial_strerror",   "fhirtrial_close"};
enum { NAMES = sizeof names / sizeof names[0], FIRST_ROOM = 1 << 16 };
_Static_assert(sizeof(native) == (NAMES + 1) * sizeof(void *), "one member a name, in this order");

bool native_load(native *library, const char *path, const char **why) {
    void *symbols[NAMES + 1] = {dlopen(path ? path : "libfhirtrial.so.0", RTLD_NOW | RTLD_LOCAL)};
    memset(library, 0, sizeof *library);
    *why = symbols[0] ? "" : dlerror();
    if (!symbols[0]) return false;
    for (int i = 0; i < NAMES; i++) {
        symbols[i + 1] = dlsym(symbols[0], names[i]);
        if (symbols[i + 1]) continue;
        *why = "the file is no libfhirtrial: a function is missing";
        dlclose(symbols[0]);
        return false;
    }
    memcpy(library, symbols, sizeof *library);
    if (library->abi_version() >> 16 == FHIRTRIAL_ABI >> 16) return true;
    *why = "the library offers another major version of the interface";
    native_unload(library);
    return false;
}

void native_unload(native *library) {
    if (library->library) dlclose(library->library);
    memset(library, 0, sizeof *library);
}

/* Room for an answer of `need` bytes and a NUL. */
static bool make_room(native_text *to, int64_t need) {
    if (to->p && need <= to->cap) return true;
    int64_t cap = to->cap > 0 ? to->cap : FIRST_ROOM;
    if (cap < need) cap = need;
    char *grown = realloc(to->p, (size_t)cap + 1);
    if (!grown) return false;
    to->p = grown;
    to->cap = cap;
    return true;
}

/* A short buffer left n at the size needed. */
static bool again(int32_t code, native_text *to) {
    return code == FHIRTRIAL_E_BUFFER && make_room(to, to->n);
}

static int32_t ended(int32_t code, native_text *to) {
    if (code == FHIRTRIAL_E_BUFFER) code = FHIRTRIAL_E_NOMEM;
    if (to->n > to->cap) to->n = 0;
    to->p[to->n] = 0;
    return code;
}

int32_t native_result(const native *library, int32_t handle, int64_t job, native_text *to) {
    int32_t code;
    to->n = 0;
    if (!make_room(to, 0)) return FHIRTRIAL_E_NOMEM;
    do code = library->result(handle, job, to->p, to->cap, &to->n);
    while (again(code, to));
    return ended(code, to);
}

int32_t native_process(const native *library, int32_t handle, const void *in, int64_t in_len,
                       const char *meta_json, native_text *to) {
    int64_t job = 0;
    to->n = 0;
    if (!make_room(to, 0)) return FHIRTRIAL_E_NOMEM;
    int32_t code = library->process(handle, in, in_len, meta_json, to->p, to->cap, &to->n, &job);
    if (code == FHIRTRIAL_E_BUFFER && make_room(to, to->n))
        return native_result(library, handle, job, to); /* stored: it must not be given again */
    return ended(code, to);
}

int32_t native_query(const native *library, int32_t handle, const char *what, native_text *to) {
    int32_t code;
    to->n = 0;
    if (!make_room(to, 0)) return FHIRTRIAL_E_NOMEM;
    do code = library->query(handle, what, to->p, to->cap, &to->n);
    while (again(code, to));
    return ended(code, to);
}

int32_t native_next_event(const native *library, int32_t handle, native_text *to) {
    int32_t code;
    to->n = 0;
    if (!make_room(to, 0)) return FHIRTRIAL_E_NOMEM;
    do code = library->next_event(handle, to->p, to->cap, &to->n);
    while (again(code, to));
    return ended(code, to);
}
