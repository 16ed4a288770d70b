/* SPDX-License-Identifier: Apache-2.0 */
/* run.c: feeds messages through the loaded library and drains the outbox. */
#include "cli.h"
#include "doc.h"
#include "feed.h"
#include "session.h"
#include "window.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "usage: fhirtrial run [OPTION]... INPUT...\n"
    "Feeds FHIR messages through the library and sends the Flags that follow from them.\n"
    "INPUT is a file, a folder, or - for NDJSON on standard input. An .ndjson or .jsonl file is\n"
    "one message a line; any other file (.json, .xml) is one message.\n\n"
    "  -c, --config FILE    configuration (fhirtrial.json)\n"
    "      --library FILE   the shared object (beside this program)\n"
    "      --now INSTANT    evaluation clock, such as 2025-06-30T12:00:00Z (real time)\n"
    "  -s, --source NAME    the feed's name (the configuration's)\n"
    "      --drain SECONDS  how long to go on sending at the end (60; 0: do not send)\n"
    "      --json           print each message's result as one JSON line\n"
    "      --no-progress    no progress bar (it appears on a terminal only)\n"
    "  -v, --verbose        log lines of every level on standard error\n"
    "      --help           this text\n\n"
    "Exit code: 0 all taken and sent, 1 some messages were refused, 2 wrong arguments or\n"
    "configuration, 3 Flags are parked or still waiting, 5 store or library failed.\n\n"
    "Example:  fhirtrial run --config fhirtrial.json --now 2025-06-30T12:00:00Z cohort.ndjson\n";

enum {
    STEP_MS = 200,
    OPTION_LIBRARY = 256,
    OPTION_NOW,
    OPTION_DRAIN,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_HELP
};

typedef struct totals {
    long messages, nomatch, refused, failed, resources, verdicts_changed, flags, warnings;
} totals;

typedef struct run {
    session session;
    session_options options;
    const char *source;
    long drain_s;
    bool json, progress;
    char *meta;
    window *window;
    totals totals;
    long long size, done;
    time_t drawn;
} run;

/* --- options --- */

static const struct option long_options[] = {{"config", required_argument, NULL, 'c'},
                                             {"library", required_argument, NULL, OPTION_LIBRARY},
                                             {"now", required_argument, NULL, OPTION_NOW},
                                             {"source", required_argument, NULL, 's'},
                                             {"drain", required_argument, NULL, OPTION_DRAIN},
                                             {"json", no_argument, NULL, OPTION_JSON},
                                             {"no-progress", no_argument, NULL, OPTION_QUIET},
                                             {"verbose", no_argument, NULL, 'v'},
                                             {"help", no_argument, NULL, OPTION_HELP},
                                             {NULL, 0, NULL, 0}};

static bool whole_seconds(const char *text, long *out) {
    char *end;
    *out = strtol(text, &end, 10);
    return end != text && *end == 0 && *out >= 0 && *out <= 86400;
}

/* -1: go on; else the exit code. */
static int read_options(run *r, int argc, char **argv) {
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "c:s:v", long_options, NULL)) != -1;) {
        switch (c) {
        case 'c': r->options.config = optarg; break;
        case 's': r->source = optarg; break;
        case 'v': r->options.verbose = true; break;
        case OPTION_LIBRARY: r->options.library = optarg; break;
        case OPTION_NOW: r->options.now = optarg; break;
        case OPTION_JSON: r->json = true; break;
        case OPTION_QUIET: r->progress = false; break;
        case OPTION_DRAIN:
            if (whole_seconds(optarg, &r->drain_s)) break;
            fprintf(stderr, "fhirtrial run: --drain takes whole seconds, 0 to 86400\n");
            return CLI_USAGE;
        case OPTION_HELP: fputs(help, stdout); return CLI_DONE;
        default: fputs("Try 'fhirtrial run --help'.\n", stderr); return CLI_USAGE;
        }
    }
    if (optind < argc) return -1;
    fputs("fhirtrial run: name an input, or - for standard input\n", stderr);
    return CLI_USAGE;
}

static bool make_meta(run *r) {
    if (!r->source) return true;
    cJSON *meta = cJSON_CreateObject();
    cJSON_AddStringToObject(meta, "source", r->source);
    r->meta = cJSON_PrintUnformatted(meta);
    cJSON_Delete(meta);
    return r->meta != NULL;
}

/* --- progress --- */

static void draw(run *r, bool last) {
    time_t now = time(NULL);
    if (!r->progress || (!last && now == r->drawn)) return;
    r->drawn = now;
    int width = 30, full = r->size > 0 ? (int)(r->done * width / r->size) : 0;
    fprintf(stderr, "\r[%.*s%.*s] %ld messages", full, "##############################",
            width - full, "..............................", r->totals.messages);
    if (last) fputc('\n', stderr);
    fflush(stderr);
}

/* --- messages --- */

static void count_result(run *r, const cJSON *root) {
    const cJSON *verdict;
    r->totals.resources += doc_count(root, "resources");
    cJSON_ArrayForEach(verdict, cJSON_GetObjectItemCaseSensitive(root, "verdicts")) {
        r->totals.verdicts_changed +=
            cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(verdict, "changed"));
    }
    const cJSON *flag;
    cJSON_ArrayForEach(flag, cJSON_GetObjectItemCaseSensitive(root, "flags")) {
        r->totals.flags += cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(flag, "queued"));
    }
}

static void count_refusal(run *r, const char *where, int32_t code) {
    if (code == FHIRTRIAL_E_PARSE || code == FHIRTRIAL_E_REJECT || code == FHIRTRIAL_E_ARG) {
        r->totals.refused++;
        return;
    }
    r->totals.failed++;
    fprintf(stderr, "%s: %s\n", where, r->session.strerror(code));
}

static void take_result(void *user, const message_at *m, int32_t code, const char *result,
                        int64_t n) {
    run *r = user;
    char where[4096];
    cJSON *root = n > 0 ? doc_read(result) : NULL;
    r->totals.messages++;
    r->done += (long long)m->n + 1;
    snprintf(where, sizeof where, m->line ? "%s:%ld" : "%s", m->path, m->line);
    if (code == FHIRTRIAL_NOMATCH) r->totals.nomatch++;
    r->totals.warnings += session_print_issues(where, root);
    if (code >= 0)
        count_result(r, root);
    else
        count_refusal(r, where, code);
    if (r->json && n > 0) printf("%s\n", result);
    cJSON_Delete(root);
    draw(r, false);
}

static bool take(void *user, const message_at *m) {
    run *r = user;
    if (m->n > 0) {
        if (window_add(r->window, m)) return true;
        fputs("fhirtrial: no memory for the messages\n", stderr);
        return false;
    }
    window_finish(r->window); /* so that what is told comes in the order of the input */
    fprintf(stderr, "%s: error: the file is empty: remove it or write the resource\n", m->path);
    take_result(r, m, FHIRTRIAL_E_ARG, NULL, 0);
    return true;
}

/* --- the outbox --- */

static long outbox_count(run *r, const char *state) {
    int32_t code;
    char *answer = session_ask_with(&r->session, &code, "outbox", "state", state, SESSION_END);
    cJSON *list = answer ? doc_read(answer) : NULL;
    long n = cJSON_GetArraySize(list);
    cJSON_Delete(list);
    free(answer);
    return n;
}

static long waiting(run *r) { return outbox_count(r, "ready") + outbox_count(r, "inflight"); }

static void drain(run *r) {
    time_t end = time(NULL) + r->drain_s;
    while (r->drain_s > 0 && time(NULL) < end) {
        int32_t code = r->session.step(r->session.handle, STEP_MS);
        if (code < 0 && code != FHIRTRIAL_E_AUTH) break;
        if (code != FHIRTRIAL_PENDING && waiting(r) == 0) break;
        if (code == FHIRTRIAL_OK) {
            struct timespec pause = {0, 20000000};
            nanosleep(&pause, NULL);
        }
    }
}

static int finish(run *r, bool all_read) {
    const totals *t = &r->totals;
    long wait = waiting(r), parked = outbox_count(r, "parked"), done = outbox_count(r, "done");
    FILE *to = r->json ? stderr : stdout;
    fprintf(to, "%ld messages: %ld taken, %ld without a match, %ld refused, %ld failed\n",
            t->messages, t->messages - t->nomatch - t->refused - t->failed, t->nomatch, t->refused,
            t->failed);
    fprintf(to, "%ld resources, %ld verdicts changed, %ld Flags queued\n", t->resources,
            t->verdicts_changed, t->flags);
    fprintf(to, "outbox: %ld delivered, %ld waiting, %ld parked\n", done, wait, parked);
    if (t->failed > 0) return CLI_FAILED;
    if (t->refused > 0 || !all_read) return CLI_REFUSED;
    return wait + parked > 0 ? CLI_WAITING : CLI_DONE;
}

static int feed_and_drain(run *r, char *const *inputs, int n) {
    r->size = r->progress ? feed_size(inputs, n) : 0;
    bool all_read = feed_inputs(inputs, n, take, r);
    window_finish(r->window);
    draw(r, true);
    drain(r);
    return finish(r, all_read);
}

int cli_run(int argc, char **argv) {
    run r = {.drain_s = 60, .progress = isatty(STDERR_FILENO) == 1};
    int code = read_options(&r, argc, argv);
    if (code >= 0) return code;
    if (!make_meta(&r) || !session_begin(&r.session, &r.options)) {
        free(r.meta);
        return CLI_USAGE;
    }
    r.window = window_new(&r.session, r.meta, take_result, &r);
    code = r.window ? feed_and_drain(&r, argv + optind, argc - optind) : CLI_FAILED;
    session_end(&r.session, 0);
    window_free(r.window);
    free(r.meta);
    return code;
}
