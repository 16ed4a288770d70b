/* SPDX-License-Identifier: Apache-2.0 */
#include "engine.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[] = {
    "fhirtrial_abi_version", "fhirtrial_open",       "fhirtrial_configure", "fhirtrial_process",
    "fhirtrial_submit",      "fhirtrial_wait",       "fhirtrial_result",    "fhirtrial_step",
    "fhirtrial_query",       "fhirtrial_next_event", "fhirtrial_on_log",    "fhirtrial_on_metric",
    "fhirtrial_on_clock",    "fhirtrial_strerror",   "fhirtrial_close"};
enum { NAMES = sizeof names / sizeof names[0] };
_Static_assert(sizeof(engine) == (NAMES + 1) * sizeof(void *), "one member a name, in this order");

const char *engine_path(void) {
    static char path[PATH_MAX];
    if (!realpath(".libs/libfhirtrial.so", path)) path[0] = 0;
    return path;
}

bool engine_load(engine *e) {
    void *symbols[NAMES + 1];
    symbols[0] = dlopen(engine_path(), RTLD_NOW | RTLD_LOCAL);
    if (!CHECK_MSG(symbols[0] != NULL, "%s: %s", engine_path(), dlerror())) return false;
    for (int i = 0; i < NAMES; i++) {
        symbols[i + 1] = dlsym(symbols[0], names[i]);
        if (!CHECK_MSG(symbols[i + 1] != NULL, "no function %s", names[i])) return false;
    }
    memcpy(e, symbols, sizeof *e);
    return true;
}

void engine_unload(engine *e) {
    CHECK_INT(dlclose(e->library), 0);
    e->library = NULL;
}

static engine shared;

const engine *engine_get(void) {
    if (!shared.library && !engine_load(&shared)) {
        printf("Bail out! the library cannot be loaded\n");
        exit(1);
    }
    return &shared;
}

void engine_forget(void) {
    if (shared.library) engine_unload(&shared);
}

/* --- sites --- */

static const char *folder_of(const char *name) {
    static char path[PATH_MAX];
    char relative[64], absolute[PATH_MAX];
    snprintf(relative, sizeof relative, "abi-%s", name);
    const char *scratch = unit_scratch(relative);
    mkdir(scratch, 0700);
    if (!realpath(scratch, absolute)) absolute[0] = 0;
    memcpy(path, absolute, sizeof path);
    return path;
}

const char *site_file(const char *name, const char *file) {
    static char paths[4][PATH_MAX];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, PATH_MAX, "%s/%s", folder_of(name), file);
    return path;
}

static void write_file(const char *path, const char *text, mode_t mode) {
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    ssize_t n = (ssize_t)strlen(text);
    CHECK_MSG(fd >= 0 && write(fd, text, (size_t)n) == n, "%s cannot be written", path);
    if (fd >= 0) close(fd);
}

static const char small_view[] =
    "{\"resourceType\":\"ViewDefinition\",\"name\":\"subject\",\"status\":\"active\",\"resource\":"
    "\"Patient\",\"select\":[{\"column\":[{\"name\":\"gender\",\"path\":\"gender\",\"type\":"
    "\"code\"}]}]}";
static const char small_study[] =
    "{\"schema\":1,\"id\":\"nct00000000\",\"identifier\":{\"system\":"
    "\"https://clinicaltrials.gov\",\"value\":\"NCT00000000\"},\"title\":\"A study of the tests\","
    "\"status\":\"active\",\"parameters\":[],\"screening\":[\"I1\"],\"flag\":{\"hold\":\"P7D\","
    "\"text\":\"Research: screening review suggested, study "
    "NCT00000000\"},\"circumstances\":{\"dead\":\"false\",\"consentDenied\":\"false\",\"enrolled\":"
    "\"false\"},"
    "\"contradictions\":[],\"criteria\":[{\"id\":\"I1\",\"kind\":\"inclusion\",\"text\":\"a "
    "woman\",\"evidence\":\"subject\",\"met\":\"subject.exists(gender = 'female')\"}]}";

static void write_small_mappings(const char *name) {
    static const char *const folders[] = {"mappings", "mappings/core", "mappings/core/views",
                                          "mappings/studies", "mappings/studies/nct00000000"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        mkdir(site_file(name, folders[i]), 0700);
    write_file(site_file(name, "mappings/core/views/subject.json"), small_view, 0600);
    write_file(site_file(name, "mappings/studies/nct00000000/protocol.json"), small_study, 0600);
}

static void forget_store(const char *name) {
    static const char *const files[] = {"store.db", "store.db-wal", "store.db-shm",
                                        "store.db-inflight", "flags.ndjson"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) unlink(site_file(name, files[i]));
}

const char *site_config(const site *s) {
    static char texts[4][8192], mappings[PATH_MAX];
    static int next;
    char *text = texts[next++ % 4];
    write_file(site_file(s->name, "site.key"), "0123456789abcdef0123456789abcdef", 0600);
    if (!s->keep_store) forget_store(s->name);
    if (s->small) write_small_mappings(s->name);
    snprintf(mappings, sizeof mappings, "%s",
             s->small ? site_file(s->name, "mappings") : unit_source("mappings"));
    snprintf(text, sizeof texts[0],
             "{\"schema\":1,\n\"base\":\"%s\",\n\"store\":{\"path\":\"store.db\"},\n"
             "\"mappings\":{\"path\":\"%s\"%s},\n\"source\":\"ward\",\n\"siteKey\":\"site.key\",\n"
             "\"threads\":%d,\n%s\n\"flag\":{\"identifierSystem\":"
             "\"https://hospital.example/trial-eligibility\",\"codeSystem\":"
             "\"https://hospital.example/screening\"},\n\"endpoints\":[{\"name\":\"file\",\"type\":"
             "\"file\",\"path\":\"flags.ndjson\",\"patient\":\"same-as-source: ward\"}]}",
             folder_of(s->name), mappings, s->small ? "" : ",\"site\":\"demo\"", s->threads,
             s->more ? s->more : "");
    return text;
}

int32_t config_open(const char *config) {
    const engine *e = engine_get();
    int32_t handle = -1;
    int32_t code = e->open(FHIRTRIAL_ABI, config, (int64_t)strlen(config), &handle);
    if (code == FHIRTRIAL_OK) {
        CHECK(handle > 0);
        return handle;
    }
    answer *why = answer_new();
    ask(0, "last-error", why);
    CHECK_MSG(false, "open: %s: %.600s", e->strerror(code), why->text);
    free(why);
    return 0;
}

int32_t site_open(const site *s) { return config_open(site_config(s)); }

/* --- answers --- */

answer *answer_new(void) {
    answer *a = calloc(1, sizeof *a);
    if (!a) abort();
    return a;
}

int32_t give(int32_t handle, const char *message, const char *meta, answer *to) {
    to->n = 0;
    to->code = engine_get()->process(handle, message, (int64_t)strlen(message), meta, to->text,
                                     ANSWER_MOST, &to->n, NULL);
    to->text[to->n > 0 && to->n <= ANSWER_MOST ? to->n : 0] = 0;
    return to->code;
}

int32_t ask(int32_t handle, const char *what, answer *to) {
    to->n = 0;
    to->code = engine_get()->query(handle, what, to->text, ANSWER_MOST, &to->n);
    to->text[to->n > 0 && to->n <= ANSWER_MOST ? to->n : 0] = 0;
    return to->code;
}

/* --- the cohort --- */

static char *cohort_text(void) {
    static char *text;
    size_t n;
    if (!text) text = unit_read(unit_source("demo/cohort/cohort.ndjson"), &n);
    if (!text) exit(1);
    return text;
}

/* Copies the line that begins at `from`. */
static const char *copy_line(const char *from) {
    static char *copy;
    free(copy);
    copy = strndup(from, strcspn(from, "\n"));
    if (!copy) abort();
    return copy;
}

const char *cohort_line(const char *reference) {
    char begin[256];
    const char *slash = strchr(reference, '/');
    snprintf(begin, sizeof begin, "{\"resourceType\":\"%.*s\",\"id\":\"%s\"",
             (int)(slash - reference), reference, slash + 1);
    const char *found = strstr(cohort_text(), begin);
    return CHECK_MSG(found != NULL, "the cohort has no %s", reference) ? copy_line(found) : NULL;
}

int cohort_feed(int32_t handle, const char *patient, answer *to) {
    char id[256];
    int taken = 0;
    snprintf(id, sizeof id, "\"id\":\"%s", patient);
    for (const char *line = cohort_text(); *line;) {
        const char *end = strchrnul(line, '\n');
        const char *found = strstr(line, id);
        if (found && found < end && found < line + 80)
            taken += give(handle, copy_line(line), NULL, to) >= 0;
        line = *end ? end + 1 : end;
    }
    return taken;
}

int64_t cohort_clock(void *user) {
    (void)user;
    return INT64_C(1751284800) * 1000000000;
}

long long number_in(const char *json, const char *name) {
    char member[128];
    snprintf(member, sizeof member, "\"%s\":", name);
    const char *at = strstr(json, member);
    return at ? strtoll(at + strlen(member), NULL, 10) : -1;
}

bool sanitized(void) {
    const char *which = getenv("FHIRTRIAL_SANITIZER");
    return which && *which && strcmp(which, "no") != 0;
}
