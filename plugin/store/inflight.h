/* SPDX-License-Identifier: Apache-2.0 */
/* inflight.h: what store.c needs of the journal of messages under way; others see store.h. */
#ifndef FHIRTRIAL_STORE_INFLIGHT_H
#define FHIRTRIAL_STORE_INFLIGHT_H

#include "store/state.h"

typedef struct inflight inflight;

/* Opens or makes `<store_path>-inflight`, takes a row, and counts what dead processes had under
 * way. The store is open but for this, and has no lock held. After an error *out, if not NULL, is
 * to be closed as well. */
store_status inflight_open(store *store, const char *store_path, inflight **out, fault *fault);
void inflight_close(inflight *inflight);

/* store.c: that of a store. */
inflight *store_inflight(store *store);

#endif
