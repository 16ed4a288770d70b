/* SPDX-License-Identifier: Apache-2.0 */
/* class.h: what went wrong, as the few classes that the protocol acts on. Pure functions of what
 * was observed: libcurl's code, the HTTP status, the kind of body, the issue codes of an
 * OperationOutcome (R4, IssueType). Text about them is short, static and free of data. */
#ifndef FHIRTRIAL_DELIVER_CLASS_H
#define FHIRTRIAL_DELIVER_CLASS_H

#include "deliver/document.h"

typedef enum reply_class {
    CLASS_OK,        /* the effect is proven */
    CLASS_RETRY,     /* nothing happened, or so the server says; later */
    CLASS_AMBIGUOUS, /* it may have happened: read before anything else */
    CLASS_RECONCILE, /* the server's state is another than thought: read, compare */
    CLASS_AUTH,      /* stops the endpoint: credentials or scopes */
    CLASS_PERMANENT, /* parks the message: this body will never be accepted */
    CLASS_CONFIG     /* stops the endpoint: URL, TLS, a login page, a redirect */
} reply_class;

/* "ok", "retry" ...: static; what the store and the status show. */
const char *class_name(reply_class class);

/* The end of a transfer that gave no usable reply. `code` is libcurl's (not 0); `sent`: whether
 * bytes of the request left; `reset`: whether the system said connection reset or broken pipe;
 * `alert`: whether a TLS alert was received after the handshake. */
reply_class class_of_transfer(int code, bool sent, bool reset, bool alert);
/* A static text for libcurl's code that names the remedy where there is one. */
const char *class_transfer_text(int code);

/* A complete reply with this status; `markup`: its body is HTML or XML; `outcome` is its body when
 * that is an OperationOutcome, else NULL. A status of 2xx gives CLASS_OK unless the body speaks
 * against it. */
reply_class class_of_reply(int status, bool markup, const json *outcome);
/* A static text for the status. */
const char *class_status_text(int status, bool markup);

/* Whether the OperationOutcome holds an issue of severity fatal or error; *class is that of its
 * first such issue's code, CLASS_PERMANENT for codes that say nothing. */
bool class_of_outcome(const json *outcome, reply_class *class);

#endif
