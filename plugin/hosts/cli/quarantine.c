/* SPDX-License-Identifier: Apache-2.0 */
/* quarantine.c: lists the messages that were under way when the process ended, and lets one in
 * again. */
#include "ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char quarantine_help[] =
    "usage: fhirtrial quarantine [OPTION]... [list | release SHA256]\n"
    "Lists the messages, by the SHA-256 of their bytes, that were being worked on when a process\n"
    "ended. One that was at two such ends is quarantined: it is refused until it is released.\n"
    "The trail of what happened is in `fhirtrial audit`.\n\n" ASK_OPTIONS
    "Exit code: 0 done, 2 wrong arguments, 4 no such message, 5 failed.\n\n"
    "Example:  fhirtrial quarantine --config fhirtrial.json list\n";

static int quarantine_list(ask *a) {
    static const char *const columns[] = {"sha256", "crashes", "quarantined", "firstMs", "lastMs"};
    int32_t code;
    char *answer = session_ask(&a->session, "quarantine", &code);
    if (!answer) return session_complain(&a->session, "quarantine", code);
    if (a->json)
        printf("%s\n", answer);
    else
        ask_print_list(answer, columns, sizeof columns / sizeof columns[0]);
    free(answer);
    return CLI_DONE;
}

static int quarantine_release(ask *a, const char *sha256) {
    int32_t code;
    char *answer =
        session_ask_with(&a->session, &code, "quarantine.release", "sha256", sha256, SESSION_END);
    if (!answer) return session_complain(&a->session, "quarantine.release", code);
    free(answer);
    return CLI_DONE;
}

int cli_quarantine(int argc, char **argv) {
    ask a;
    int exit_code = ask_begin(&a, argc, argv, quarantine_help);
    if (exit_code >= 0) return exit_code;
    const char *what = a.rest_n > 0 ? a.rest[0] : "list";
    if (strcmp(what, "list") == 0 && a.rest_n <= 1)
        exit_code = quarantine_list(&a);
    else if (strcmp(what, "release") == 0 && a.rest_n == 2)
        exit_code = quarantine_release(&a, a.rest[1]);
    else {
        fputs("fhirtrial quarantine: list or release SHA256 is expected; try --help\n", stderr);
        exit_code = CLI_USAGE;
    }
    return ask_end(&a, exit_code);
}
