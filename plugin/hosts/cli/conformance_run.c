/* SPDX-License-Identifier: Apache-2.0 */
/* conformance_run.c: runs each case with the site's mappings on a patient of its own, without
 * endpoints, threads or the site's key: nothing of the hospital is touched. A patient is (source,
 * id), so cases share one store, each under a source of its own. A case with a decision has to use
 * the source that the site lists; it begins with an empty store. */
#include "conformance.h"
#include "feed.h"
#include "scratch.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RESULT_BYTES = 1 << 20 };

#define DEFAULT_NOW "2025-06-30T12:00:00Z"

/* Where the cases run: a folder of its own that is removed at the end. */
typedef struct stage {
    session session;
    char *folder;
    char *result;
    bool open;   /* a handle is open on the store */
    bool listed; /* the store has a patient of a source that the site lists */
    /* the case at hand */
    char source[sizeof "conformance-" + 10];
    const char *from; /* the source in use: that one, or the author's */
    char *refused;    /* what was wrong with an input, or NULL */
} stage;

static char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* malloc'ed, or NULL. */
static char *text_of(const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int n = vasprintf(&text, format, arguments);
    va_end(arguments);
    return n < 0 ? NULL : text;
}

/* --- the stage --- */
static char *path_on(const stage *s, const char *name) { return text_of("%s/%s", s->folder, name); }

static void remove_on(const stage *s, const char *name) {
    char *path = path_on(s, name);
    if (path) unlink(path);
    free(path);
}

static void empty_store(const stage *s) {
    remove_on(s, SCRATCH_STORE);
    remove_on(s, SCRATCH_STORE "-wal");
    remove_on(s, SCRATCH_STORE "-shm");
    remove_on(s, SCRATCH_STORE "-inflight");
}

static bool begin(stage *s) {
    s->folder = scratch_make();
    s->result = malloc(RESULT_BYTES + 1);
    if (s->result && s->folder) return true;
    scratch_remove(s->folder);
    free(s->result);
    return false;
}

static void shut(stage *s) {
    if (s->open) s->session.close(s->session.handle, 0);
    s->open = s->listed = false;
    empty_store(s);
}

static void end(stage *s) {
    shut(s);
    scratch_remove(s->folder);
    free(s->result);
}

/* --- the site's configuration, made harmless --- */
static void make_absolute(cJSON *owner, const char *name, const char *base) {
    const char *path = doc_text(owner, name);
    char *whole = NULL;
    if (!*path || *path == '/' || !*base || asprintf(&whole, "%s/%s", base, path) < 0) return;
    cJSON_ReplaceItemInObjectCaseSensitive(owner, name, cJSON_CreateString(whole));
    free(whole);
}

/* Only what decides is kept: mappings, source and limits. */
static char *harmless(const stage *s, const char *config) {
    cJSON *theirs = cJSON_Parse(config), *ours = cJSON_CreateObject();
    cJSON *mappings = cJSON_DetachItemFromObjectCaseSensitive(theirs, "mappings");
    cJSON *limits = cJSON_DetachItemFromObjectCaseSensitive(theirs, "limits");
    cJSON *flag = cJSON_DetachItemFromObjectCaseSensitive(theirs, "flag");
    make_absolute(mappings, "path", doc_text(theirs, "base"));
    cJSON_AddNumberToObject(ours, "schema", 1);
    cJSON_AddStringToObject(ours, "base", s->folder);
    cJSON_AddStringToObject(cJSON_AddObjectToObject(ours, "store"), "path", SCRATCH_STORE);
    cJSON_AddItemToObject(ours, "mappings", mappings);
    cJSON_AddStringToObject(ours, "source", doc_text(theirs, "source"));
    cJSON_AddStringToObject(ours, "siteKey", SCRATCH_KEY);
    if (limits) cJSON_AddItemToObject(ours, "limits", limits);
    cJSON_AddItemToObject(ours, "flag", flag);
    char *text = mappings && flag ? cJSON_PrintUnformatted(ours) : NULL;
    if (!text) fprintf(stderr, "fhirtrial: the configuration has no \"mappings\" or no \"flag\"\n");
    cJSON_Delete(ours);
    cJSON_Delete(theirs);
    return text;
}

/* --- whether a case can be tried here --- */

static const cJSON *parameter(const cJSON *study, const char *name) {
    const cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(study, "parameters")) {
        if (strcmp(doc_text(one, "name"), name) == 0)
            return cJSON_GetObjectItemCaseSensitive(one, "value");
    }
    return NULL;
}

static bool lists(const cJSON *list, const char *name) {
    const cJSON *one;
    cJSON_ArrayForEach(one, list) {
        if (cJSON_IsString(one) && strcmp(one->valuestring, name) == 0) return true;
    }
    return false;
}

static char *other_completeness(const conformance *c, const cJSON *document) {
    const cJSON *complete = cJSON_GetObjectItemCaseSensitive(c->site, "complete"), *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(document, "complete")) {
        if (!lists(complete, one->valuestring))
            return text_of("the case needs view %s to be complete; the site does not say so",
                           one->valuestring);
    }
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(document, "incomplete")) {
        if (lists(complete, one->valuestring))
            return text_of("the case assumes that view %s may be incomplete; the site says it is "
                           "complete",
                           one->valuestring);
    }
    return NULL;
}

/* Whose decisions count for the study, or NULL. */
static const cJSON *author_of(const conformance *c, const char *study) {
    const cJSON *author;
    cJSON_ArrayForEach(author, cJSON_GetObjectItemCaseSensitive(c->site, "assertions")) {
        const cJSON *studies = cJSON_GetObjectItemCaseSensitive(author, "studies");
        if (!studies || lists(studies, study)) return author;
    }
    return NULL;
}

/* A case's own parameters come before those of all cases of the criterion. */
static char *other_parameter(const cJSON *study, const conformance_case *at) {
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(at->document, "parameters"), *one;
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(at->group, "parameters");
    cJSON *assumed = all ? cJSON_Duplicate(all, true) : cJSON_CreateObject();
    char *other = NULL;
    cJSON_ArrayForEach(one, own) {
        cJSON_DeleteItemFromObjectCaseSensitive(assumed, one->string);
        cJSON_AddItemToObject(assumed, one->string, cJSON_Duplicate(one, true));
    }
    cJSON_ArrayForEach(one, assumed) {
        const cJSON *here = parameter(study, one->string);
        bool none = !here || cJSON_IsNull(here);
        if (other || (none ? cJSON_IsNull(one) : cJSON_Compare(here, one, true))) continue;
        other = text_of("parameter %s has another value here", one->string);
    }
    cJSON_Delete(assumed);
    return other;
}

static char *why_not(const conformance *c, const conformance_case *at) {
    const cJSON *study = conformance_study(c, at->study);
    if (!study) return text_of("study %s is not loaded here", at->study);
    if (!conformance_criterion(c, at->study, at->criterion))
        return text_of("study %s has no criterion %s here", at->study, at->criterion);
    char *other = other_parameter(study, at);
    if (other) return other;
    if (*doc_text(at->document, "decision") && !author_of(c, at->study))
        return text_of("the site lists nobody whose decisions count");
    return other_completeness(c, at->document);
}

/* --- one case --- */
static bool give(void *user, const message_at *m) {
    stage *s = user;
    int64_t n = 0, job = 0;
    char *meta = NULL;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "source", s->from);
    meta = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    int32_t code = s->session.process(s->session.handle, m->bytes, (int64_t)m->n, meta, s->result,
                                      RESULT_BYTES, &n, &job);
    cJSON_free(meta);
    if (code >= 0 || code == FHIRTRIAL_E_BUFFER) return true;
    if (!s->refused) s->refused = text_of("an input was refused: %s", s->session.strerror(code));
    return false;
}

static cJSON *performer_of(const char *who) {
    cJSON *performer = cJSON_CreateObject();
    const char *bar = strchr(who, '|');
    if (!bar) {
        cJSON_AddStringToObject(performer, "reference", who);
        return performer;
    }
    cJSON *identifier = cJSON_AddObjectToObject(performer, "identifier");
    char *system = text_of("%.*s", (int)(bar - who), who);
    cJSON_AddStringToObject(identifier, "system", system ? system : "");
    cJSON_AddStringToObject(identifier, "value", bar + 1);
    free(system);
    return performer;
}

static void add_text(cJSON *object, const char *name, char *text) {
    cJSON_AddStringToObject(object, name, text ? text : "");
    free(text);
}

/* The decision of the first author that the site lists, in the documented shape. */
static bool give_decision(stage *s, const cJSON *author, const conformance_case *at,
                          const char *patient, const char *now) {
    cJSON *root = cJSON_CreateObject(), *coding = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "resourceType", "Observation");
    cJSON_AddStringToObject(root, "id", "conformance-decision");
    cJSON_AddStringToObject(root, "status", "final");
    cJSON_AddStringToObject(coding, "system",
                            "https://fhirtrial.example/fhir/CodeSystem/criterion");
    add_text(coding, "code", text_of("%s/%s", at->study, at->criterion));
    cJSON_AddItemToArray(cJSON_AddArrayToObject(cJSON_AddObjectToObject(root, "code"), "coding"),
                         coding);
    add_text(cJSON_AddObjectToObject(root, "subject"), "reference", text_of("Patient/%s", patient));
    cJSON_AddStringToObject(root, "effectiveDateTime", now);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(root, "performer"),
                         performer_of(doc_text(author, "performer")));
    cJSON_AddBoolToObject(root, "valueBoolean",
                          strcmp(doc_text(at->document, "decision"), "met") == 0);
    char *text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    bool given =
        text && give(s, &(message_at){.path = "a decision", .bytes = text, .n = strlen(text)});
    cJSON_free(text);
    return given;
}

static bool give_file(stage *s, const conformance_case *at, const char *name) {
    char *path = text_of("%s/%s", at->folder, name);
    bool given = path && feed_inputs(&path, 1, give, s);
    free(path);
    return given;
}

static bool give_inputs(stage *s, const conformance *c, const conformance_case *at) {
    const cJSON *input;
    bool all = true;
    cJSON_ArrayForEach(input, cJSON_GetObjectItemCaseSensitive(at->document, "input")) {
        const char *lost;
        char *text = conformance_resource(c, input, &lost);
        message_at m = {.path = at->name, .bytes = text, .n = text ? strlen(text) : 0};
        all = all && (text ? give(s, &m) : give_file(s, at, input->valuestring));
        cJSON_free(text);
    }
    return all;
}

static const cJSON *result_of(const cJSON *answer, const char *criterion) {
    const cJSON *row = cJSON_IsArray(answer) ? answer->child : answer, *one;
    const cJSON *verdict = cJSON_GetObjectItemCaseSensitive(row, "verdict");
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(verdict, "criteria")) {
        if (strcmp(doc_text(one, "id"), criterion) == 0) return one;
    }
    return NULL;
}

static bool same_evidence(const cJSON *expected, const cJSON *got) {
    const cJSON *one;
    if (!expected) return true;
    if (cJSON_GetArraySize(expected) != cJSON_GetArraySize(got)) return false;
    cJSON_ArrayForEach(one, expected) {
        if (!cJSON_IsString(one) || !lists(got, one->valuestring)) return false;
    }
    return true;
}

static void judge(conformance_case *at, const cJSON *criterion) {
    const char *expected = doc_text(at->document, "expect"),
               *reason = doc_text(criterion, "reason");
    at->got = text_of("%s%s%s", doc_text(criterion, "result"), *reason ? ":" : "", reason);
    const cJSON *evidence = cJSON_GetObjectItemCaseSensitive(at->document, "evidence");
    if (!at->got || strcmp(at->got, expected) != 0)
        at->why = text_of("expected %s, got %s", expected, at->got ? at->got : "nothing");
    else if (!same_evidence(evidence, cJSON_GetObjectItemCaseSensitive(criterion, "evidence")))
        at->why = text_of("the evidence is other than expected");
    at->status = at->why ? CASE_FAILED : CASE_PASSED;
}

static void run_open(stage *s, const conformance *c, conformance_case *at, const char *now) {
    int32_t code;
    const char *patient = doc_text(at->document, "patient");
    const cJSON *author = *doc_text(at->document, "decision") ? author_of(c, at->study) : NULL;
    if (!*patient) patient = "p";
    bool given = give_inputs(s, c, at) && (!author || give_decision(s, author, at, patient, now));
    char *answer = given ? session_ask_with(&s->session, &code, "explain", "patient", patient,
                                            "source", s->from, "study", at->study, SESSION_END)
                         : NULL;
    cJSON *root = answer ? doc_read(answer) : NULL;
    const cJSON *criterion = root ? result_of(root, at->criterion) : NULL;
    if (criterion)
        judge(at, criterion);
    else {
        at->status = CASE_FAILED;
        at->why = s->refused ? s->refused : text_of("the inputs lead to no verdict");
        s->refused = NULL;
    }
    cJSON_Delete(root);
    free(answer);
}

static bool run_case(stage *s, const conformance *c, const char *config, conformance_case *at) {
    const char *now = doc_text(at->document, "now");
    const cJSON *author = *doc_text(at->document, "decision") ? author_of(c, at->study) : NULL;
    if (author && s->listed) shut(s);
    if (!session_clock(&s->session, *now ? now : DEFAULT_NOW)) return false;
    if (!s->open) s->open = session_open(&s->session, c->config_path, config, strlen(config));
    if (!s->open) return false;
    snprintf(s->source, sizeof s->source, "conformance-%d", (int)(at - c->cases));
    s->from = author ? doc_text(author, "source") : s->source;
    s->listed |= author != NULL;
    s->refused = NULL;
    run_open(s, c, at, *now ? now : DEFAULT_NOW);
    free(s->refused);
    return true;
}

/* --- all of them --- */
static cJSON *ask(stage *s, const char *what) {
    int32_t code;
    char *answer = session_ask(&s->session, what, &code);
    cJSON *root = answer ? doc_read_exact(answer) : NULL;
    free(answer);
    return root;
}

static bool learn(stage *s, conformance *c, const char *config) {
    s->open = session_clock(&s->session, DEFAULT_NOW) &&
              session_open(&s->session, c->config_path, config, strlen(config));
    if (!s->open) return false;
    c->info = ask(s, "info");
    c->site = ask(s, "site");
    c->studies = ask(s, "studies");
    if (c->info && c->site && c->studies) return true;
    fprintf(stderr, "fhirtrial: the library does not answer what this kit asks: is it older?\n");
    return false;
}

static bool run_all(stage *s, conformance *c, const char *config) {
    if (!learn(s, c, config)) return false;
    for (int i = 0; i < c->case_count; i++) {
        conformance_case *at = &c->cases[i];
        at->why = why_not(c, at);
        if (!at->why && !run_case(s, c, config, at)) return false;
        c->passed += at->status == CASE_PASSED;
        c->failed += at->status == CASE_FAILED;
        c->not_covered += at->status == CASE_NOT_COVERED;
    }
    return true;
}

bool conformance_run(conformance *c) {
    stage s = {0};
    size_t n;
    bool done = false;
    char *theirs = session_config(&c->options, &n);
    if (!theirs) return false;
    if (session_load(&s.session, &c->options)) {
        if (begin(&s)) {
            char *config = harmless(&s, theirs);
            done = config && run_all(&s, c, config);
            cJSON_free(config);
            end(&s);
        }
        session_unload(&s.session);
    }
    free(theirs);
    return done;
}
