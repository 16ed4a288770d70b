/* SPDX-License-Identifier: Apache-2.0 */
/* flag_body.h: the Flag of an outbox message as it goes over the wire. The stored body is what was
 * decided; here it gets the id of the server's resource (updates only), the subject as this server
 * knows it, and a tag in meta that names sequence and body, by which a later read tells what the
 * server holds. Values keep their digits and order. Texts live in the caller's arena or borrow the
 * stored body; FAULT_NOMEM is raised at the arena's landing. */
#ifndef FHIRTRIAL_DELIVER_FLAG_BODY_H
#define FHIRTRIAL_DELIVER_FLAG_BODY_H

#include "deliver/document.h"

/* System of the tag in Flag.meta.tag; its code is <seq>-<first 32 hex digits of the body's
 * SHA-256>. */
#define FLAG_TAG_SYSTEM "urn:fhirtrial:sequence"

enum { FLAG_TAG_HASH = 32, FLAG_TAG_TEXT = 20 + 1 + FLAG_TAG_HASH + 1 };

typedef struct flag_message {
    const json *body;
    str system, key; /* the identifier by which the Flag is found */
    str subject;     /* Flag.subject.reference, or empty: look the patient up by the next two */
    str subject_system, subject_value;
    int64_t seq;
    str hash; /* the first 32 hex digits */
} flag_message;

/* Reads a stored body. False where it is no Flag with the identifier value `key` and a subject:
 * *why is a static text. */
bool flag_message_read(arena *arena, str body, str key, int64_t seq, str sha256, flag_message *out,
                       const char **why);
/* The tag's code, NUL-terminated. */
void flag_tag(const flag_message *message, char code[FLAG_TAG_TEXT]);
/* The resource to send; `id` empty for a create. */
str flag_wire(arena *arena, const flag_message *message, str id);
/* The value of a search parameter `identifier`: system|value with FHIR's escapes (R4, Search,
 * 3.1.1.4.0.1), percent-encoded (RFC 3986). */
str flag_search_value(arena *arena, str system, str value);

#endif
