/* SPDX-License-Identifier: Apache-2.0 */
/* audit.c: lists and verifies the audit trail. */
#include "ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char audit_help[] =
    "usage: fhirtrial audit [OPTION]... [list | verify]\n"
    "Lists the audit trail; or recomputes its hash chain and compares resources, kept bytes, "
    "rows,\n"
    "verdicts, Flags and outbox with it. verify prints the number of entries and the last hash:\n"
    "note them elsewhere, and give the hash to --expect the next time.\n\n"
    "      --from N         list: first entry (1)\n"
    "      --count N        list: how many, at most (1000)\n"
    "      --expect HASH    verify: hash of an entry that must be there\n" ASK_OPTIONS
    "Exit code: 0 listed or intact, 1 something was changed, 2 wrong arguments, 5 failed.\n\n"
    "Example:  fhirtrial audit --config fhirtrial.json verify\n";

static int audit_list(ask *a) {
    static const char *const columns[] = {
        "entry.seq",     "entry.utc",    "entry.action",   "entry.source", "entry.message",
        "entry.patient", "entry.study",  "entry.endpoint", "entry.key",    "entry.patientKey",
        "entry.verdict", "entry.status", "entry.why",      "entry.code",   "entry.class",
        "entry.http",    "entry.reason"};
    int32_t code;
    if (!ask_number("audit", "--from", a->from) || !ask_number("audit", "--count", a->count))
        return CLI_USAGE;
    char *answer =
        session_ask_with(&a->session, &code, "audit", "from", a->from, "n", a->count, SESSION_END);
    if (!answer) return session_complain(&a->session, "audit", code);
    if (a->json)
        printf("%s\n", answer);
    else
        ask_print_list(answer, columns, sizeof columns / sizeof columns[0]);
    free(answer);
    return CLI_DONE;
}

static void print_report(const cJSON *root, bool intact) {
    const char *broken = doc_text(root, "firstBroken"), *changed = doc_text(root, "firstChanged");
    const char *by = doc_text(root, "writtenBy"), *at = doc_text(root, "expectedAt");
    printf("%s entries, last hash %s\n", doc_text(root, "entries"), doc_text(root, "head"));
    if (broken[0]) printf("the chain is broken at entry %s\n", broken);
    if (changed[0]) printf("%s%s%s\n", changed, by[0] ? " since audit entry " : "", by);
    if (strcmp(at, "0") == 0)
        printf("no entry has the expected hash: the end was cut off, or the trail is another\n");
    else if (at[0])
        printf("the expected hash is that of entry %s\n", at);
    if (intact) printf("intact; %s rows are as they were written\n", doc_text(root, "records"));
}

static bool is_hash(const char *text) {
    if (strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64) return true;
    fputs(
        "fhirtrial audit: --expect wants the hash that verify printed, 64 digits of 0-9 and a-f\n",
        stderr);
    return false;
}

static int audit_verify(ask *a) {
    int32_t code;
    if (a->expect && !is_hash(a->expect)) return CLI_USAGE;
    char *answer = a->expect ? session_ask_with(&a->session, &code, "audit.verify", "expect",
                                                a->expect, SESSION_END)
                             : session_ask(&a->session, "audit.verify", &code);
    if (!answer) return session_complain(&a->session, "audit.verify", code);
    cJSON *root = doc_read(answer);
    bool intact = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "intact"));
    if (a->json)
        printf("%s\n", answer);
    else
        print_report(root, intact);
    cJSON_Delete(root);
    free(answer);
    return intact ? CLI_DONE : CLI_REFUSED;
}

int cli_audit(int argc, char **argv) {
    ask a;
    int exit_code = ask_begin(&a, argc, argv, audit_help);
    if (exit_code >= 0) return exit_code;
    const char *what = a.rest_n > 0 ? a.rest[0] : "list";
    if (strcmp(what, "verify") == 0 && a.rest_n == 1)
        exit_code = audit_verify(&a);
    else if (strcmp(what, "list") == 0 && a.rest_n <= 1)
        exit_code = audit_list(&a);
    else {
        fputs("fhirtrial audit: list or verify is expected; try --help\n", stderr);
        exit_code = CLI_USAGE;
    }
    return ask_end(&a, exit_code);
}
