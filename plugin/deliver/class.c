/* SPDX-License-Identifier: Apache-2.0 */
/* class.c: tables from what was observed to what it means. */
#include "deliver/class.h"

#include <curl/curl.h>

const char *class_name(reply_class class) {
    static const char *const names[] = {"ok",   "retry",     "ambiguous", "reconcile",
                                        "auth", "permanent", "config"};
    return names[class];
}

/* --- transfers --- */

typedef struct transfer_row {
    CURLcode code;
    reply_class class;
    const char *text;
} transfer_row;

static const transfer_row transfers[] = {
    {CURLE_UNSUPPORTED_PROTOCOL, CLASS_CONFIG, "the URL is not https"},
    {CURLE_URL_MALFORMAT, CLASS_CONFIG, "the URL cannot be used"},
    {CURLE_COULDNT_RESOLVE_PROXY, CLASS_CONFIG, "the proxy's name does not resolve"},
    {CURLE_COULDNT_RESOLVE_HOST, CLASS_RETRY, "the server's name does not resolve"},
    {CURLE_COULDNT_CONNECT, CLASS_RETRY, "no connection to the server"},
    {CURLE_OUT_OF_MEMORY, CLASS_RETRY, "no memory for the request"},
    {CURLE_SSL_CONNECT_ERROR, CLASS_CONFIG,
     "no TLS connection: the server must offer TLS 1.2 or newer with ECDHE and AEAD ciphers"},
    {CURLE_PEER_FAILED_VERIFICATION, CLASS_CONFIG,
     "the server's certificate is not accepted: check its dates, names and key, and tls.ca"},
    {CURLE_SSL_CACERT_BADFILE, CLASS_CONFIG, "the file of tls.ca cannot be used"},
    {CURLE_SSL_CERTPROBLEM, CLASS_CONFIG, "the client certificate or its key cannot be used"},
    {CURLE_SSL_CIPHER, CLASS_CONFIG, "the cipher list of tls.ciphers cannot be used"},
    {CURLE_SSL_CRL_BADFILE, CLASS_CONFIG, "the file of tls.crl cannot be used"},
    {CURLE_SSL_ISSUER_ERROR, CLASS_CONFIG, "the issuer of the server's certificate is refused"},
    {CURLE_SSL_ENGINE_INITFAILED, CLASS_CONFIG, "OpenSSL cannot be set up"},
    {CURLE_TOO_MANY_REDIRECTS, CLASS_CONFIG, "the server redirects"},
#if LIBCURL_VERSION_NUM >= 0x074d00
    {CURLE_SSL_CLIENTCERT, CLASS_CONFIG, "the server wants a client certificate"},
#endif
    {CURLE_GOT_NOTHING, CLASS_AMBIGUOUS, "the server closed the connection without a reply"},
    {CURLE_OPERATION_TIMEDOUT, CLASS_AMBIGUOUS, "no complete reply within the time-out"},
    {CURLE_SEND_ERROR, CLASS_AMBIGUOUS, "the connection broke while the request was sent"},
    {CURLE_RECV_ERROR, CLASS_AMBIGUOUS, "the connection broke before the reply was complete"},
    {CURLE_PARTIAL_FILE, CLASS_AMBIGUOUS, "the reply ended early"},
    {CURLE_WRITE_ERROR, CLASS_AMBIGUOUS, "the reply is larger than 1 MiB"},
    {CURLE_FILESIZE_EXCEEDED, CLASS_AMBIGUOUS, "the reply is larger than 1 MiB"},
    {CURLE_WEIRD_SERVER_REPLY, CLASS_AMBIGUOUS, "the reply is no HTTP"}};

static const transfer_row *find_transfer(int code) {
    for (isize i = 0; i < COUNT_OF(transfers); i++)
        if ((int)transfers[i].code == code) return &transfers[i];
    return NULL;
}

reply_class class_of_transfer(int code, bool sent, bool reset, bool alert) {
    const transfer_row *row = find_transfer(code);
    if (alert) return CLASS_CONFIG;
    if (code == CURLE_SSL_CONNECT_ERROR && reset) return CLASS_RETRY;
    reply_class class = row ? row->class : CLASS_AMBIGUOUS;
    return class == CLASS_AMBIGUOUS && !sent ? CLASS_RETRY : class;
}

const char *class_transfer_text(int code) {
    const transfer_row *row = find_transfer(code);
    return row ? row->text : "the transfer failed";
}

/* --- OperationOutcome --- */

typedef struct issue_row {
    const char *code;
    reply_class class;
} issue_row;

bool class_of_outcome(const json *outcome, reply_class *class) {
    static const issue_row issues[] = {{"transient", CLASS_RETRY},
                                       {"throttled", CLASS_RETRY},
                                       {"lock-error", CLASS_RETRY},
                                       {"timeout", CLASS_RETRY},
                                       {"incomplete", CLASS_RETRY},
                                       {"no-store", CLASS_RETRY},
                                       {"exception", CLASS_RETRY},
                                       {"login", CLASS_AUTH},
                                       {"expired", CLASS_AUTH},
                                       {"forbidden", CLASS_AUTH},
                                       {"security", CLASS_AUTH},
                                       {"unknown", CLASS_AUTH},
                                       {"conflict", CLASS_RECONCILE},
                                       {"duplicate", CLASS_RECONCILE},
                                       {"multiple-matches", CLASS_RECONCILE}};
    const json *list = json_get(outcome, "issue");
    for (const json *issue = list ? list->child : NULL; issue; issue = issue->next) {
        str severity = json_text(issue, "severity"), code = json_text(issue, "code");
        if (!str_eq(severity, S("error")) && !str_eq(severity, S("fatal"))) continue;
        *class = CLASS_PERMANENT;
        for (isize i = 0; i < COUNT_OF(issues); i++)
            if (str_eq(code, str_from(issues[i].code))) *class = issues[i].class;
        return true;
    }
    return false;
}

/* --- replies --- */

static reply_class class_of_refusal(int status, bool markup, const json *outcome) {
    reply_class issue = CLASS_PERMANENT;
    if (markup) return CLASS_CONFIG;
    if ((status == 400 || status == 422) && class_of_outcome(outcome, &issue) &&
        (issue == CLASS_RETRY || issue == CLASS_RECONCILE))
        return issue;
    return CLASS_PERMANENT;
}

reply_class class_of_reply(int status, bool markup, const json *outcome) {
    reply_class issue;
    if (status >= 200 && status < 300) {
        if (markup) return CLASS_CONFIG;
        if (outcome && class_of_outcome(outcome, &issue)) return issue;
        return status == 200 || status == 201 ? CLASS_OK : CLASS_AMBIGUOUS;
    }
    if (status >= 300 && status < 400) return CLASS_CONFIG;
    switch (status) {
    case 401:
    case 403: return CLASS_AUTH;
    case 407: return CLASS_CONFIG;
    case 408:
    case 425:
    case 429: return CLASS_RETRY;
    case 409:
    case 412: return CLASS_RECONCILE;
    default: break;
    }
    if (status >= 500) return CLASS_RETRY;
    return status >= 400 ? class_of_refusal(status, markup, outcome) : CLASS_AMBIGUOUS;
}

const char *class_status_text(int status, bool markup) {
    if (status >= 200 && status < 300)
        return markup ? "a web page came instead of FHIR: is a login gateway before the server?"
                      : "the reply does not prove what was asked for";
    if (status >= 300 && status < 400)
        return "the server redirects, which is not followed: configure the final URL";
    if (markup && status < 500)
        return "a web page came instead of FHIR: check the URL, and the client certificate";
    switch (status) {
    case 400: return "the server finds the Flag invalid";
    case 401: return "the server refuses the credentials";
    case 403: return "the credentials do not allow this: check scopes and permissions";
    case 404: return "the server does not know this address or Flag";
    case 405: return "the server does not allow this operation on Flags";
    case 409:
    case 412: return "the server's state changed meanwhile";
    case 410: return "the Flag was deleted at the endpoint";
    case 413: return "the server finds the Flag too large";
    case 415: return "the server does not accept application/fhir+json";
    case 422: return "the server refuses the Flag's content";
    case 429: return "the server asks to slow down";
    case 503: return "the server is not available";
    default: return status >= 500 ? "the server failed" : "an unexpected HTTP status";
    }
}
