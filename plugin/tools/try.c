/* SPDX-License-Identifier: Apache-2.0 */
/* `fhirtrial try`: what the mappings make of a sample, at once and again after each change. */
#include "tools/try.h"

#include "tools/tools.h"
#include "tools/watch.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: fhirtrial try [OPTION]... STUDY FILE...\n"
    "\n"
    "Shows what the mappings make of a sample: each patient's verdict on the study (or guideline)\n"
    "with the reasons and the evidence, and the rows of the record. Nothing is stored, nothing is\n"
    "sent. A FILE is FHIR as JSON, NDJSON or XML, perhaps with .gz behind it; a folder stands for\n"
    "its files, - for standard input. Of a resource that comes twice the last state counts;\n"
    "patients are not joined.\n"
    "\n"
    "  --mappings FOLDER  the mappings (./mappings, else as installed)\n"
    "  --site NAME        a folder of sites/: its code maps and windows (the only one)\n"
    "  --now INSTANT      the time of the evaluation (real time)\n"
    "  --patient ID       this patient only\n"
    "  --all              every patient in full; of more than 3, only a line each is shown\n"
    "  --watch            run again whenever a mapping or the sample is saved; Ctrl-C ends\n"
    "  --json             one JSON document a run\n"
    "  --help             this text\n"
    "\n"
    "exit: 0 shown, 1 the mappings have errors, 2 wrong use, 3 some of the sample was passed\n"
    "over, or it holds no patient to be shown; with --watch 0\n"
    "\n"
    "example: fhirtrial try --site demo --watch nct04242589 patient.json\n";

enum { TRY_ARENA = 1 << 30 };

/* --- one run --- */
typedef struct once {
    trying *t;
    bool loaded, wrong;
} once;

static void run_step(void *state) {
    once *o = state;
    trying *t = o->t;
    t->found = problems_new(&t->arena);
    o->loaded = try_load(t, &o->wrong);
    if (!o->loaded) return;
    try_decide(t);
    try_print(t);
}

static void json_mistakes(trying *t) {
    buf out = buf_new(&t->arena, TRY_ARENA / 4, "the findings");
    buf_add(&out, S("{\"study\":"));
    buf_json_string(&out, str_from(t->study));
    buf_add(&out, S(",\"findings\":["));
    for (isize i = 0, n = 0; i < t->found.n; i++) {
        if (t->found.list[i].level < PROBLEM_ERROR) continue;
        if (n++) buf_byte(&out, ',');
        tool_json_problem(&out, t->files, t->file_count, &t->found.list[i]);
    }
    buf_add(&out, S("]}\n"));
    fwrite(out.p, 1, (size_t)out.n, stdout);
}

static void mistakes_step(void *state) {
    trying *t = state;
    if (t->json)
        json_mistakes(t);
    else
        try_print_mistakes(t);
}

static int exit_of(const once *o, bool whole) {
    if (!whole || (!o->loaded && !o->wrong)) return TOOL_FAILED;
    if (o->wrong) return TOOL_USAGE;
    return o->t->passed_over || !o->t->shown ? TOOL_PARTIAL : TOOL_OK;
}

static int run_once(const trying *asked) {
    trying t = *asked;
    once o = {.t = &t};
    t.now = t.fixed ? t.clock : tool_now();
    arena_init(&t.arena, TRY_ARENA, &t.landing);
    try_read(&t);
    bool whole = guarded(&t.landing, run_step, &o);
    if (whole && !o.loaded && !o.wrong) whole = guarded(&t.landing, mistakes_step, &t);
    if (!whole) fprintf(stderr, "fhirtrial try: %s\n", t.landing.fault.text);
    try_free(&t);
    arena_release(&t.arena);
    fflush(stdout);
    return exit_of(&o, whole);
}

/* --- watching --- */
static int run_watching(const trying *asked) {
    isize n = asked->argument_count + 1;
    const char **paths = calloc((size_t)n, sizeof *paths);
    if (!paths) return TOOL_FAILED;
    paths[0] = asked->folder;
    for (isize i = 1; i < n; i++) paths[i] = asked->arguments[i - 1];
    watch_begin();
    uint64_t seen;
    do {
        seen = watch_state(paths, n); /* before reading: a change meanwhile is seen next time */
        if (asked->color) fputs("\x1b[2J\x1b[H", stdout);
        run_once(asked);
        fprintf(stderr, "-- watching %s and the sample; Ctrl-C ends\n", asked->folder);
    } while (watch_changed(paths, n, seen));
    fputs("\n-- ended\n", stderr);
    free(paths);
    return TOOL_OK;
}

/* --- arguments --- */
static int usage(const char *why) {
    fprintf(stderr, "fhirtrial try: %s\n\n%s", why, help);
    return TOOL_USAGE;
}

static const char *default_mappings(void) {
    return access("mappings", R_OK) == 0 ? "mappings" : FHIRTRIAL_DATADIR "/mappings";
}

static bool take_now(trying *t, const char *text) {
    int64_t nanoseconds;
    t->fixed = true;
    return when_parse_datetime(str_from(text), &t->clock) && when_to_unix(t->clock, &nanoseconds);
}

static bool reads_stdin(const trying *t) {
    for (isize i = 0; i < t->argument_count; i++)
        if (strcmp(t->arguments[i], "-") == 0) return true;
    return false;
}

int tool_try(int argc, char **argv) {
    static const struct option options[] = {{"mappings", required_argument, NULL, 'm'},
                                            {"site", required_argument, NULL, 's'},
                                            {"now", required_argument, NULL, 'n'},
                                            {"patient", required_argument, NULL, 'p'},
                                            {"all", no_argument, NULL, 'a'},
                                            {"watch", no_argument, NULL, 'w'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    trying t = {.folder = default_mappings()};
    bool watching = false;
    for (int o; (o = getopt_long(argc, argv, "h", options, NULL)) != -1;) switch (o) {
        case 'm': t.folder = optarg; break;
        case 's': t.site = optarg; break;
        case 'n':
            if (!take_now(&t, optarg))
                return usage("--now wants an instant such as 2025-03-01T12:00:00Z");
            break;
        case 'p': t.patient = optarg; break;
        case 'a': t.all = true; break;
        case 'w': watching = true; break;
        case 'j': t.json = true; break;
        case 'h': fputs(help, stdout); return TOOL_OK;
        default: return usage("this option is not known, or its value is missing");
        }
    if (argc - optind < 2) return usage("name a study and at least one file");
    t.study = argv[optind];
    t.arguments = (const char *const *)&argv[optind + 1];
    t.argument_count = argc - optind - 1;
    t.color = !t.json && isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
    if (watching && reads_stdin(&t)) return usage("--watch cannot watch standard input");
    return watching ? run_watching(&t) : run_once(&t);
}
