/* SPDX-License-Identifier: Apache-2.0 */
/* outbox.c: lists and steers what waits for the endpoints. */
#include "ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char outbox_help[] =
    "usage: fhirtrial outbox [OPTION]... [list | retry ID | park ID]\n"
    "Lists what waits for the endpoints, makes a parked message ready again, or parks one. Nothing "
    "is\n"
    "ever dropped.\n\n"
    "      --state STATE    list only: ready, inflight, done, parked or superseded\n"
    "      --reason TEXT    park: why, for the audit trail\n" ASK_OPTIONS
    "Exit code: 0 done, 1 not allowed in that state, 2 wrong arguments, 4 no such message, 5 "
    "failed.\n\n"
    "Example:  fhirtrial outbox --config fhirtrial.json --state parked\n";

static bool outbox_state(const char *name) {
    static const char *const states[] = {"ready", "inflight", "done", "parked", "superseded"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp(states[i], name) == 0) return true;
    fprintf(stderr,
            "fhirtrial outbox: there is no state \"%s\"; use one of: ready inflight done parked "
            "superseded\n",
            name);
    return false;
}

static int outbox_list(ask *a) {
    static const char *const columns[] = {"id",     "endpoint", "key",      "seq",
                                          "state",  "attempts", "class",    "http",
                                          "reason", "nextMs",   "createdMs"};
    int32_t code;
    if (a->state && !outbox_state(a->state)) return CLI_USAGE;
    char *answer = session_ask_with(&a->session, &code, "outbox", "state", a->state, SESSION_END);
    if (!answer) return session_complain(&a->session, "outbox", code);
    if (a->json)
        printf("%s\n", answer);
    else
        ask_print_list(answer, columns, sizeof columns / sizeof columns[0]);
    free(answer);
    return CLI_DONE;
}

static int outbox_command(ask *a, const char *name, const char *id, const char *reason) {
    int32_t code;
    if (!ask_number("outbox", "ID", id)) return CLI_USAGE;
    char *answer =
        session_ask_with(&a->session, &code, name, "id", id, "reason", reason, SESSION_END);
    if (!answer && code == FHIRTRIAL_E_REJECT) {
        fprintf(stderr, "fhirtrial outbox: message %s %s\n", id,
                strcmp(name, "outbox.retry") == 0
                    ? "is not parked; only a parked one can be made ready again"
                    : "does not wait; only one that is ready or inflight can be parked");
        return CLI_REFUSED;
    }
    if (!answer) return session_complain(&a->session, name, code);
    free(answer);
    return CLI_DONE;
}

int cli_outbox(int argc, char **argv) {
    ask a;
    int exit_code = ask_begin(&a, argc, argv, outbox_help);
    if (exit_code >= 0) return exit_code;
    const char *what = a.rest_n > 0 ? a.rest[0] : "list";
    if (strcmp(what, "list") == 0 && a.rest_n <= 1)
        exit_code = outbox_list(&a);
    else if (strcmp(what, "retry") == 0 && a.rest_n == 2)
        exit_code = outbox_command(&a, "outbox.retry", a.rest[1], NULL);
    else if (strcmp(what, "park") == 0 && a.rest_n == 2)
        exit_code = outbox_command(&a, "outbox.park", a.rest[1], a.reason);
    else {
        fputs("fhirtrial outbox: list, retry ID or park ID is expected; try --help\n", stderr);
        exit_code = CLI_USAGE;
    }
    return ask_end(&a, exit_code);
}
