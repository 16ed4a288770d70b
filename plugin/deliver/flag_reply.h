/* SPDX-License-Identifier: Apache-2.0 */
/* flag_reply.h: what a reply proves. A server is believed only where the Flag it shows carries our
 * identifier and our subject; the tag in meta then says which message it holds. Pure functions of
 * the reply; texts live in the caller's arena or borrow the reply; FAULT_NOMEM is raised at the
 * arena's landing. */
#ifndef FHIRTRIAL_DELIVER_FLAG_REPLY_H
#define FHIRTRIAL_DELIVER_FLAG_REPLY_H

#include "deliver/flag_body.h"

typedef enum flag_sight {
    SIGHT_NONE,             /* no Flag: none found, or the reply holds none */
    SIGHT_OURS,             /* our identifier, our subject */
    SIGHT_MANY,             /* more than one Flag with our identifier */
    SIGHT_OTHER_IDENTIFIER, /* a Flag that is not ours */
    SIGHT_OTHER_SUBJECT,    /* our identifier, but of another patient */
    SIGHT_UNUSABLE          /* not the resource that was asked for, or without a usable id */
} flag_sight;

typedef struct flag_seen {
    str id;
    str version;       /* meta.versionId, else that of the ETag; empty: the server tells none */
    int64_t seq;       /* of our tag; -1: the Flag carries none */
    bool same_message; /* the tag is this message's; without tags: the content is */
    bool same_content; /* status, code and open or ended period are as in the message */
} flag_seen;

/* A reply with a single resource; `etag` is the header's value or empty; `base` the endpoint's URL.
 */
flag_sight flag_reply_read(const json *resource, const flag_message *message, str base, str etag,
                           flag_seen *out);
/* The reply to a search by our identifier. */
flag_sight flag_reply_search(const json *bundle, const flag_message *message, str base,
                             flag_seen *out);
/* The only Patient of a searchset as "Patient/id", in the arena. False: none or several, *n tells
 * how many; -1: no usable searchset. */
bool patient_reply_search(arena *arena, const json *bundle, str *reference, int *n);

/* The version id in an ETag: W/"v", "v" or v; the empty str where there is no usable one. */
str etag_version(str etag);
/* Id and version of a Flag in a Location: [base]/Flag/[id]/_history/[vid], absolute or relative,
 * with or without the history part. False where there is none. */
bool location_flag(str location, str *id, str *version);
/* Id of a Location or subject reference in relative form: without the endpoint's base and without
 * the version. */
str reference_relative(str reference, str base);

#endif
