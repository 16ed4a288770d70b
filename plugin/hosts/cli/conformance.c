/* SPDX-License-Identifier: Apache-2.0 */
/* conformance.c: the command: reads the cases, runs them, writes the reports. */
#include "conformance.h"

#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "usage: fhirtrial conformance [OPTION]... --out DIR\n"
    "Runs the conformance cases against the shared object with the site's own mappings, offline,\n"
    "and writes report.html, report.txt, junit.xml and TestReport.json (FHIR R4) into DIR.\n"
    "Nothing of the site is touched: the store is made for it, and there is no endpoint.\n\n"
    "  -c, --config FILE    configuration (fhirtrial.json)\n"
    "      --library FILE   the shared object (beside this program)\n"
    "      --cases FOLDER   the cases (conformance/cases, else as installed)\n"
    "      --study ID       one study only\n"
    "      --now INSTANT    the time that the reports show (real time)\n"
    "      --out DIR        folder for the reports; made when absent\n"
    "      --json           the summary as JSON on standard output\n"
    "      --help           this text\n\n"
    "A case that assumes a setting which the site has changed is not covered: no failure.\n"
    "Exit code: 0 no case failed, 1 some failed, 2 wrong arguments, cases or configuration,\n"
    "5 the reports could not be written.\n\n"
    "Example:  fhirtrial conformance --config fhirtrial.json --out report\n";

enum {
    OPTION_LIBRARY = 256,
    OPTION_CASES,
    OPTION_STUDY,
    OPTION_NOW,
    OPTION_OUT,
    OPTION_JSON,
    OPTION_HELP
};

static const char *default_cases(void) {
    return access("conformance/cases", R_OK) == 0 ? "conformance/cases"
                                                  : FHIRTRIAL_DATADIR "/conformance/cases";
}

/* -1: go on; else the exit code. */
static int read_options(conformance *c, bool *json, int argc, char **argv) {
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"library", required_argument, NULL, OPTION_LIBRARY},
                                            {"cases", required_argument, NULL, OPTION_CASES},
                                            {"study", required_argument, NULL, OPTION_STUDY},
                                            {"now", required_argument, NULL, OPTION_NOW},
                                            {"out", required_argument, NULL, OPTION_OUT},
                                            {"json", no_argument, NULL, OPTION_JSON},
                                            {"help", no_argument, NULL, OPTION_HELP},
                                            {NULL, 0, NULL, 0}};
    optind = 0;
    for (int o; (o = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        switch (o) {
        case 'c': c->options.config = optarg; break;
        case OPTION_LIBRARY: c->options.library = optarg; break;
        case OPTION_CASES: c->cases_folder = optarg; break;
        case OPTION_STUDY: c->study = optarg; break;
        case OPTION_NOW: c->options.now = optarg; break;
        case OPTION_OUT: c->out = optarg; break;
        case OPTION_JSON: *json = true; break;
        case OPTION_HELP: fputs(help, stdout); return CLI_DONE;
        default: fprintf(stderr, "Try 'fhirtrial conformance --help'.\n"); return CLI_USAGE;
        }
    }
    if (optind == argc && c->out) return -1;
    fputs(c->out ? "fhirtrial: conformance takes no inputs; the cases hold them\n"
                 : "fhirtrial: name a folder for the reports with --out\n",
          stderr);
    return CLI_USAGE;
}

static void set_clock(conformance *c) {
    char text[32];
    time_t now = time(NULL);
    struct tm parts;
    if (!c->options.now && gmtime_r(&now, &parts) &&
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts))
        c->clock_text = strdup(text);
    else
        c->clock_text = strdup(c->options.now ? c->options.now : "");
}

static bool write_all(const conformance *c) {
    if (mkdir(c->out, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "fhirtrial: %s cannot be made: %s\n", c->out, strerrordesc_np(errno));
        return false;
    }
    bool text = conformance_text(c), html = conformance_html(c);
    bool junit = conformance_junit(c), fhir = conformance_fhir(c);
    return text && html && junit && fhir;
}

static void print_summary(const conformance *c, bool json) {
    if (json) {
        printf("{\"cases\":%d,\"passed\":%d,\"failed\":%d,\"notCovered\":%d,\"gaps\":%d}\n",
               c->case_count, c->passed, c->failed, c->not_covered, c->gaps);
        return;
    }
    for (int i = 0; i < c->case_count; i++) {
        const conformance_case *at = &c->cases[i];
        if (at->status == CASE_FAILED)
            printf("FAILED %s %s: %s: %s\n", at->study, at->criterion, at->name, at->why);
    }
    printf("%d cases: %d passed, %d failed, %d not covered; %d gaps\n"
           "%s/report.html has the table of criteria and cases\n",
           c->case_count, c->passed, c->failed, c->not_covered, c->gaps, c->out);
}

/* A report on nothing would read as a proof: a misspelt study has no failed case. */
static bool has_cases(const conformance *c) {
    if (c->group_count > 0) return true;
    fprintf(stderr, "fhirtrial: %s has no cases%s%s: look at --cases%s\n", c->cases_folder,
            c->study ? " of study " : "", c->study ? c->study : "", c->study ? " and --study" : "");
    return false;
}

static int run(conformance *c, bool json) {
    set_clock(c);
    if (!c->clock_text || !conformance_read(c) || c->mistakes || !has_cases(c)) return CLI_USAGE;
    if (!conformance_run(c)) return CLI_USAGE;
    conformance_count(c);
    if (!write_all(c)) return CLI_FAILED;
    print_summary(c, json);
    return c->failed ? CLI_REFUSED : CLI_DONE;
}

int cli_conformance(int argc, char **argv) {
    conformance c = {.cases_folder = default_cases()};
    bool json = false;
    int code = read_options(&c, &json, argc, argv);
    if (code >= 0) return code;
    c.config_path = c.options.config ? c.options.config : "fhirtrial.json";
    code = run(&c, json);
    conformance_free(&c);
    return code;
}
