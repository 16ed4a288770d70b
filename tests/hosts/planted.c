/* SPDX-License-Identifier: Apache-2.0 */
/* planted.c: two defects for the crash drill. The drill's library is the product's, linked with
 * --wrap=read_resource and --wrap=work_decide: a message that names a defect ends the process as a
 * defect of the reader or of the criteria would. */
#include "fhir/read.h"
#include "work.h"

#include <string.h>

bool __real_read_resource(arena *arena, str bytes, const read_options *options, problems *found,
                          tape *out, fault *fault);
bool __wrap_read_resource(arena *arena, str bytes, const read_options *options, problems *found,
                          tape *out, fault *fault);
bool __real_work_decide(work *w);
bool __wrap_work_decide(work *w);

static void end_where(str bytes, const char *name) {
    volatile int *volatile nowhere = NULL;
    if (memmem(bytes.p, (size_t)bytes.n, name, strlen(name))) *nowhere = 1;
}

bool __wrap_read_resource(arena *arena, str bytes, const read_options *options, problems *found,
                          tape *out, fault *fault) {
    end_where(bytes, "planted-defect");
    return __real_read_resource(arena, bytes, options, found, out, fault);
}

bool __wrap_work_decide(work *w) {
    end_where(w->bytes, "planted-late-defect");
    return __real_work_decide(w);
}
