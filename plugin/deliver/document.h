/* SPDX-License-Identifier: Apache-2.0 */
/* document.h: JSON from the network. Replies of EHRs and token servers are hostile until proven
 * otherwise: they are read by the strict reader (RFC 8259, UTF-8, no NUL in any spelling, no
 * duplicate names, depth at most 64), up to 1 MiB, with names compared as they are written. XML and
 * HTML are recognised only to say what came instead. Everything lives in the caller's arena, which
 * raises FAULT_NOMEM at its landing; texts borrow the reply's bytes. */
#ifndef FHIRTRIAL_DELIVER_DOCUMENT_H
#define FHIRTRIAL_DELIVER_DOCUMENT_H

#include "fhir/json.h"

/* The JSON object in `bytes`, or NULL where there is none: nothing of such a reply is used. */
const json *document_read(arena *arena, str bytes);
/* Whether the object is a FHIR resource of this type. */
bool document_is(const json *object, const char *type);
/* Whether a reply is HTML or XML: by its media type, else by its first byte. */
bool document_is_markup(str content_type, str bytes);
/* A JSON number without fraction or exponent, or a string of such digits (token servers send both),
 * of at most 15 digits. False for everything else. */
bool document_whole(const json *value, int64_t *out);
/* Whether `text` is a FHIR id or version id: [A-Za-z0-9.-]{1,64} (R4, Data Types, id). */
bool document_is_id(str text);
/* Whether every byte is in 0x21..0x7e: what may stand in a header or URL as it is. */
bool document_is_visible(str text);

#endif
