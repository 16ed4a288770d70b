/* SPDX-License-Identifier: Apache-2.0 */
/* libs.h: the answer to the query "libs": for each library that matters, the file its functions
 * were bound to at run time, and the versions built and run with. */
#ifndef FHIRTRIAL_LIBS_H
#define FHIRTRIAL_LIBS_H

#include "base/buf.h"

void libs_json(buf *out);

#endif
