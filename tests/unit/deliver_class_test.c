/* SPDX-License-Identifier: Apache-2.0 */
/* What an observation means: the table of delivery classes, row by row. */
#include "unit.h"

#include "deliver/class.h"

#include <curl/curl.h>

typedef struct transfer_case {
    int code;
    bool sent, reset, alert;
    reply_class class;
} transfer_case;

static void transfers(void) {
    static const transfer_case cases[] = {
        {CURLE_COULDNT_CONNECT, false, false, false, CLASS_RETRY},
        {CURLE_COULDNT_RESOLVE_HOST, false, false, false, CLASS_RETRY},
        {CURLE_PEER_FAILED_VERIFICATION, false, false, false, CLASS_CONFIG},
        {CURLE_SSL_CONNECT_ERROR, false, false, false, CLASS_CONFIG},
        {CURLE_SSL_CONNECT_ERROR, false, true, false, CLASS_RETRY},
        {CURLE_SSL_CERTPROBLEM, false, false, false, CLASS_CONFIG},
        {CURLE_URL_MALFORMAT, false, false, false, CLASS_CONFIG},
        {CURLE_RECV_ERROR, true, false, true, CLASS_CONFIG},
        {CURLE_RECV_ERROR, true, true, false, CLASS_AMBIGUOUS},
        {CURLE_SEND_ERROR, true, true, false, CLASS_AMBIGUOUS},
        {CURLE_GOT_NOTHING, true, false, false, CLASS_AMBIGUOUS},
        {CURLE_OPERATION_TIMEDOUT, true, false, false, CLASS_AMBIGUOUS},
        {CURLE_OPERATION_TIMEDOUT, false, false, false, CLASS_RETRY},
        {CURLE_PARTIAL_FILE, true, false, false, CLASS_AMBIGUOUS},
        {CURLE_WRITE_ERROR, true, false, false, CLASS_AMBIGUOUS},
        {CURLE_FILESIZE_EXCEEDED, true, false, false, CLASS_AMBIGUOUS},
        {CURLE_HTTP2_STREAM, true, false, false, CLASS_AMBIGUOUS},
        {CURLE_HTTP2_STREAM, false, false, false, CLASS_RETRY}};
    for (isize i = 0; i < COUNT_OF(cases); i++) {
        const transfer_case *c = &cases[i];
        reply_class got = class_of_transfer(c->code, c->sent, c->reset, c->alert);
        CHECK_MSG(got == c->class, "code %d sent %d: %s", c->code, c->sent, class_name(got));
        CHECK(strlen(class_transfer_text(c->code)) > 10);
    }
}

static void statuses(void) {
    static const struct {
        int status;
        reply_class plain, markup;
    } cases[] = {{200, CLASS_OK, CLASS_CONFIG},           {201, CLASS_OK, CLASS_CONFIG},
                 {202, CLASS_AMBIGUOUS, CLASS_CONFIG},    {204, CLASS_AMBIGUOUS, CLASS_CONFIG},
                 {301, CLASS_CONFIG, CLASS_CONFIG},       {304, CLASS_CONFIG, CLASS_CONFIG},
                 {308, CLASS_CONFIG, CLASS_CONFIG},       {400, CLASS_PERMANENT, CLASS_CONFIG},
                 {401, CLASS_AUTH, CLASS_AUTH},           {403, CLASS_AUTH, CLASS_AUTH},
                 {404, CLASS_PERMANENT, CLASS_CONFIG},    {405, CLASS_PERMANENT, CLASS_CONFIG},
                 {407, CLASS_CONFIG, CLASS_CONFIG},       {408, CLASS_RETRY, CLASS_RETRY},
                 {409, CLASS_RECONCILE, CLASS_RECONCILE}, {410, CLASS_PERMANENT, CLASS_CONFIG},
                 {412, CLASS_RECONCILE, CLASS_RECONCILE}, {413, CLASS_PERMANENT, CLASS_CONFIG},
                 {415, CLASS_PERMANENT, CLASS_CONFIG},    {422, CLASS_PERMANENT, CLASS_CONFIG},
                 {425, CLASS_RETRY, CLASS_RETRY},         {429, CLASS_RETRY, CLASS_RETRY},
                 {500, CLASS_RETRY, CLASS_RETRY},         {502, CLASS_RETRY, CLASS_RETRY},
                 {503, CLASS_RETRY, CLASS_RETRY},         {100, CLASS_AMBIGUOUS, CLASS_AMBIGUOUS}};
    for (isize i = 0; i < COUNT_OF(cases); i++) {
        int status = cases[i].status;
        CHECK_MSG(class_of_reply(status, false, NULL) == cases[i].plain, "%d", status);
        CHECK_MSG(class_of_reply(status, true, NULL) == cases[i].markup, "%d with markup", status);
        CHECK(strlen(class_status_text(status, false)) > 10);
        CHECK(strlen(class_status_text(status, true)) > 10);
    }
}

static reply_class with_outcome(int status, const char *severity, const char *code) {
    landing ground = {0};
    arena memory;
    arena_init(&memory, 1 << 20, &ground);
    str text = arena_printf(&memory,
                            "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":"
                            "\"information\",\"code\":\"login\"},{\"severity\":\"%s\",\"code\":"
                            "\"%s\"}]}",
                            severity, code);
    reply_class got = class_of_reply(status, false, document_read(&memory, text));
    arena_release(&memory);
    return got;
}

/* R4 IssueType: what may pass, what never will, who must act. */
static void outcomes(void) {
    CHECK(with_outcome(200, "warning", "invalid") == CLASS_OK);
    CHECK(with_outcome(200, "error", "invalid") == CLASS_PERMANENT);
    CHECK(with_outcome(201, "fatal", "transient") == CLASS_RETRY);
    CHECK(with_outcome(200, "error", "throttled") == CLASS_RETRY);
    CHECK(with_outcome(200, "error", "login") == CLASS_AUTH);
    CHECK(with_outcome(200, "error", "multiple-matches") == CLASS_RECONCILE);
    CHECK(with_outcome(400, "error", "lock-error") == CLASS_RETRY);
    CHECK(with_outcome(422, "error", "duplicate") == CLASS_RECONCILE);
    CHECK(with_outcome(400, "error", "structure") == CLASS_PERMANENT);
    CHECK(with_outcome(400, "error", "login") == CLASS_PERMANENT);
    CHECK(with_outcome(404, "error", "transient") == CLASS_PERMANENT);
    CHECK(with_outcome(503, "error", "invalid") == CLASS_RETRY);
}

const unit_test deliver_class_suite[] = {UNIT_TEST(transfers), UNIT_TEST(statuses),
                                         UNIT_TEST(outcomes), UNIT_END};
