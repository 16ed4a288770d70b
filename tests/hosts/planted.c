/* SPDX-License-Identifier: Apache-2.0 */
/* planted.c: a defect for the crash drill. The drill's library is the product's, linked with
 * --wrap=read_resource: a message that names the defect ends the process as a defect would. */
#include "fhir/read.h"

#include <string.h>

bool __real_read_resource(arena *arena, str bytes, const read_options *options, problems *found,
                          tape *out, fault *fault);
bool __wrap_read_resource(arena *arena, str bytes, const read_options *options, problems *found,
                          tape *out, fault *fault);

bool __wrap_read_resource(arena *arena, str bytes, const read_options *options, problems *found,
                          tape *out, fault *fault) {
    static const char name[] = "planted-defect";
    volatile int *volatile nowhere = NULL;
    if (memmem(bytes.p, (size_t)bytes.n, name, sizeof name - 1)) *nowhere = 1;
    return __real_read_resource(arena, bytes, options, found, out, fault);
}
