/* SPDX-License-Identifier: Apache-2.0 */
/* The landing: the only setjmp of the product, and the only longjmp. */
#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>

bool guarded(landing *where, void (*step)(void *state), void *state) {
    where->fault.code = FAULT_NONE;
    where->fault.at = -1;
    where->fault.text[0] = '\0';
    where->armed = true;
    if (setjmp(where->jump) != 0) {
        where->armed = false;
        return false;
    }
    step(state);
    where->armed = false;
    return true;
}

static void __attribute__((format(printf, 4, 0)))
fault_write(fault *f, fault_code code, isize at, const char *format, va_list arguments) {
    f->code = code;
    f->at = at;
    if (vsnprintf(f->text, sizeof f->text, format, arguments) < 0) f->text[0] = '\0';
}

void fault_set(fault *f, fault_code code, isize at, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fault_write(f, code, at, format, arguments);
    va_end(arguments);
}

void fault_raise(landing *where, fault_code code, isize at, const char *format, ...) {
    if (!where || !where->armed) __builtin_trap();
    va_list arguments;
    va_start(arguments, format);
    fault_write(&where->fault, code, at, format, arguments);
    va_end(arguments);
    longjmp(where->jump, 1);
}

const char *fault_name(fault_code code) {
    switch (code) {
    case FAULT_NONE: return "none";
    case FAULT_NOMEM: return "nomem";
    case FAULT_INPUT: return "input";
    case FAULT_LIMIT: return "limit";
    case FAULT_CONFIG: return "config";
    case FAULT_STORE: return "store";
    case FAULT_NET: return "net";
    case FAULT_AUTH: return "auth";
    case FAULT_INTERNAL: return "internal";
    }
    return "internal";
}
