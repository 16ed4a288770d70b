/* SPDX-License-Identifier: Apache-2.0 */
/* endpoints.c: prints how a study went: visits and endpoints of each subject, and the totals. */
#include "endpoints.h"

#include "totals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char endpoints_help[] =
    "usage: fhirtrial endpoints [OPTION]... STUDY [PATIENT]...\n"
    "       fhirtrial endpoints --mappings FOLDER [OPTION]... STUDY FILE...\n"
    "Prints the endpoints of a study, subject by subject and in total. Subjects are the enrolled\n"
    "(who are or were in the study) without those who refused research. What is missing,\n"
    "imprecise or ambiguous is unknown and says why; a rate counts the met among the met and not\n"
    "met, and the others beside it. With PATIENT also the windows of these patients' visits.\n\n"
    "      --mappings FOLDER  no configuration and no store: FILEs with FHIR messages (as for "
    "run)\n"
    "                       are read by these mappings and forgotten\n"
    "      --site NAME      with --mappings: the site (none)\n"
    "      --now INSTANT    clock of the evaluation, 2025-06-30T12:00:00Z (now)\n" ASK_OPTIONS
    "Exit code: 0 printed, 1 some FILE's messages were refused, 2 wrong arguments, 4 no such "
    "study\n"
    "or patient, 5 failed.\n\n"
    "Example:  fhirtrial endpoints --config fhirtrial.json nct02847754\n";

typedef struct printing {
    ask *a;
    const char *study;
    cJSON *plan;
    totals totals;
    table subjects;
    long n, not_enrolled, denied, incomplete;
} printing;

static const cJSON *member(const cJSON *object, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* --- one subject --- */
static void print_visits(const char *id, const cJSON *conduct) {
    static const char *const columns[] = {"id", "anchor", "due", "from", "to", "reason", "detail"};
    const cJSON *visit;
    const char *arm = doc_text(conduct, "arm");
    table t;
    printf("Patient/%s, arm %s\n", id, *arm ? arm : "not known");
    table_init(&t, 7);
    table_add(&t, "visit");
    for (int i = 1; i < 7; i++) table_add(&t, columns[i]);
    cJSON_ArrayForEach(visit, member(conduct, "visits")) {
        for (int i = 0; i < 7; i++) table_add(&t, doc_text(visit, columns[i]));
    }
    if (t.rows > t.columns) table_print(&t);
    table_free(&t);
    putchar('\n');
}

static const cJSON *incomplete_of(const printing *p, const char *endpoint) {
    const cJSON *one;
    cJSON_ArrayForEach(one, member(member(p->plan, "conduct"), "endpoints")) {
        if (strcmp(doc_text(one, "id"), endpoint) == 0) return member(one, "incomplete");
    }
    return NULL;
}

static void add_findings(printing *p, const char *id, const cJSON *conduct) {
    const cJSON *finding;
    cJSON_ArrayForEach(finding, member(conduct, "endpoints")) {
        if (incomplete_of(p, doc_text(finding, "id"))) continue;
        table_add(&p->subjects, id);
        table_add(&p->subjects, doc_text(conduct, "arm"));
        table_add(&p->subjects, doc_text(finding, "id"));
        table_add(&p->subjects, doc_text(finding, "visit"));
        table_add(&p->subjects, doc_text(finding, "result"));
        table_add(&p->subjects, doc_text(finding, "reason"));
        table_add(&p->subjects, doc_text(finding, "baseline"));
        table_add(&p->subjects, doc_text(finding, "value"));
        table_add(&p->subjects, doc_text(finding, "change"));
        ask_cell(&p->subjects, member(finding, "evidence"));
        table_add(&p->subjects, doc_text(finding, "detail"));
    }
}

static void print_string(const char *name, const char *text) {
    cJSON *string = cJSON_CreateString(text);
    char *quoted = cJSON_PrintUnformatted(string);
    printf("\"%s\":%s,", name, quoted ? quoted : "\"\"");
    cJSON_free(quoted);
    cJSON_Delete(string);
}

/* `answer` is an object that begins with a brace. */
static void print_subject_json(const printing *p, const char *source, const char *id,
                               const char *answer) {
    fputs(p->n > 1 ? ",\n{" : "\n{", stdout);
    print_string("source", source);
    print_string("patient", id);
    fputs(answer + 1, stdout);
}

static void take(printing *p, const char *source, const char *id, const char *answer) {
    cJSON *subject = doc_read(answer);
    const cJSON *conduct = member(subject, "conduct");
    const char *why = doc_text(subject, "why");
    p->not_enrolled += strcmp(why, "not-enrolled") == 0;
    p->denied += strcmp(why, "consent-denied") == 0;
    if (conduct) {
        p->n++;
        p->incomplete += cJSON_IsTrue(member(subject, "incomplete"));
        totals_add(&p->totals, conduct);
        if (p->a->json)
            print_subject_json(p, source, id, answer);
        else if (p->a->rest_n > 0)
            print_visits(id, conduct);
        if (!p->a->json) add_findings(p, id, conduct);
    }
    cJSON_Delete(subject);
}

static int ask_subject(printing *p, const char *source, const char *id) {
    int32_t code;
    char *answer =
        session_ask_with(&p->a->session, &code, "conduct.subject", "study", p->study, "at",
                         doc_text(p->plan, "at"), "source", source, "patient", id, SESSION_END);
    if (!answer) return session_complain(&p->a->session, id, code);
    take(p, source ? source : "", id, answer);
    free(answer);
    return CLI_DONE;
}

/* --- all --- */
static int ask_subjects(printing *p) {
    int exit_code = CLI_DONE;
    const cJSON *patient;
    for (int i = 0; i < p->a->rest_n && exit_code == CLI_DONE; i++)
        exit_code = ask_subject(p, p->a->source, p->a->rest[i]);
    if (p->a->rest_n > 0) return exit_code;
    cJSON_ArrayForEach(patient, member(p->plan, "patients")) {
        const char *source = cJSON_GetArrayItem(patient, 0)->valuestring,
                   *id = cJSON_GetArrayItem(patient, 1)->valuestring;
        if (exit_code == CLI_DONE && (!p->a->source || strcmp(p->a->source, source) == 0))
            exit_code = ask_subject(p, source, id);
    }
    return exit_code;
}

/* What nobody can evaluate is said once, not for every subject. */
static void print_incomplete(const printing *p) {
    const cJSON *one;
    cJSON_ArrayForEach(one, member(member(p->plan, "conduct"), "endpoints")) {
        if (member(one, "incomplete"))
            printf("%s is not evaluated (source-incomplete): %s\n", doc_text(one, "id"),
                   doc_text(one, "incomplete"));
    }
}

static void print_tables(const printing *p) {
    if (p->subjects.rows > p->subjects.columns) table_print(&p->subjects);
    if (p->n > 0) putchar('\n');
    totals_print(&p->totals);
    print_incomplete(p);
    printf("%s on %s: %ld subjects, %ld not enrolled, %ld refused research\n", p->study,
           doc_text(p->plan, "at"), p->n, p->not_enrolled, p->denied);
    if (p->incomplete)
        fprintf(
            stderr,
            "fhirtrial endpoints: of %ld subjects rows could not be read: they wait to be made "
            "again by the mappings in force, or a view failed on them; see 'fhirtrial record'\n",
            p->incomplete);
}

static int print_all(printing *p) {
    static const char *const heading[] = {"patient", "arm",      "endpoint", "visit",
                                          "result",  "reason",   "baseline", "value",
                                          "change",  "evidence", "detail"};
    table_init(&p->subjects, 11);
    for (int i = 0; i < 11; i++) table_add(&p->subjects, heading[i]);
    if (!totals_init(&p->totals, member(p->plan, "conduct"))) return CLI_FAILED;
    if (p->a->json) {
        putchar('{');
        print_string("study", p->study);
        print_string("at", doc_text(p->plan, "at"));
        fputs("\"subjects\":[", stdout);
    }
    int exit_code = ask_subjects(p);
    if (p->a->json) {
        printf("],\n\"notEnrolled\":%ld,\"consentDenied\":%ld,\"totals\":", p->not_enrolled,
               p->denied);
        totals_print_json(&p->totals);
        puts("}");
    } else if (exit_code == CLI_DONE) {
        print_tables(p);
    }
    totals_free(&p->totals);
    table_free(&p->subjects);
    return exit_code;
}

int endpoints_print(ask *a, const char *study) {
    printing p = {.a = a, .study = study};
    int32_t code;
    char *answer = session_ask_with(&a->session, &code, "conduct", "study", study, SESSION_END);
    if (!answer && code == FHIRTRIAL_NOMATCH) {
        fprintf(stderr,
                "fhirtrial endpoints: study \"%s\" is not among those of the configuration\n",
                study);
        return CLI_NOTHING;
    }
    if (!answer) return session_complain(&a->session, "conduct", code);
    p.plan = doc_read(answer);
    free(answer);
    int exit_code = p.plan ? print_all(&p) : CLI_FAILED;
    cJSON_Delete(p.plan);
    return exit_code;
}

int cli_endpoints(int argc, char **argv) {
    ask a;
    int exit_code = ask_options(&a, argc, argv, endpoints_help);
    if (exit_code >= 0) return exit_code;
    if (a.rest_n == 0) {
        fputs("fhirtrial endpoints: name a study; try --help\n", stderr);
        return CLI_USAGE;
    }
    const char *study = a.rest[0];
    a.rest++;
    a.rest_n--;
    if (a.mappings && !a.options.config) return endpoints_of_files(&a, study);
    if (a.mappings || a.site) {
        fputs("fhirtrial endpoints: --config or --mappings, not both\n", stderr);
        return CLI_USAGE;
    }
    if (!session_begin(&a.session, &a.options)) return CLI_USAGE;
    return ask_end(&a, endpoints_print(&a, study));
}
