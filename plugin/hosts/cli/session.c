/* SPDX-License-Identifier: Apache-2.0 */
/* session.c: finds, loads and opens the library, and asks it questions. */
#include "session.h"

#include "cli.h"
#include "doc.h"

#include <dlfcn.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIBRARY_NAME "libfhirtrial.so"

/* --- loading --- */

static void *load_at(const char *folder, const char *below) {
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s%s/" LIBRARY_NAME, folder, below);
    if (n < 0 || n >= (int)sizeof path || access(path, R_OK) != 0) return NULL;
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static void *load(const char *named) {
    char self[PATH_MAX];
    if (named) return dlopen(named, RTLD_NOW | RTLD_LOCAL);
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n > 0) {
        self[n] = 0;
        const char *folder = dirname(self);
        void *library = load_at(folder, "");
        if (!library) library = load_at(folder, "/.libs");
        if (!library) library = load_at(folder, "/../lib");
        if (library) return library;
    }
    return load_at(FHIRTRIAL_LIBDIR, "");
}

typedef struct binding {
    const char *name;
    size_t offset;
} binding;

static const binding bindings[] = {
    {"fhirtrial_abi_version", offsetof(session, abi_version)},
    {"fhirtrial_open", offsetof(session, open)},
    {"fhirtrial_process", offsetof(session, process)},
    {"fhirtrial_submit", offsetof(session, submit)},
    {"fhirtrial_wait", offsetof(session, wait)},
    {"fhirtrial_result", offsetof(session, result)},
    {"fhirtrial_step", offsetof(session, step)},
    {"fhirtrial_query", offsetof(session, query)},
    {"fhirtrial_on_log", offsetof(session, on_log)},
    {"fhirtrial_on_clock", offsetof(session, on_clock)},
    {"fhirtrial_strerror", offsetof(session, strerror)},
    {"fhirtrial_close", offsetof(session, close)},
};

static bool bind_all(session *s) {
    for (size_t i = 0; i < sizeof bindings / sizeof bindings[0]; i++) {
        void *symbol = dlsym(s->library, bindings[i].name);
        if (!symbol) {
            fprintf(stderr, "fhirtrial: the library has no function %s: is it another program's?\n",
                    bindings[i].name);
            return false;
        }
        memcpy((char *)s + bindings[i].offset, &symbol, sizeof symbol);
    }
    if (s->abi_version() >> 16 == FHIRTRIAL_ABI >> 16) return true;
    fprintf(stderr, "fhirtrial: the library offers interface %u, this program needs %u\n",
            s->abi_version() >> 16, FHIRTRIAL_ABI >> 16);
    return false;
}

/* --- opening --- */

static char *read_file(const char *path, size_t *n) {
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    if (!file) return NULL;
    for (size_t cap = 1 << 16; cap <= (16u << 20); cap *= 2) {
        char *grown = realloc(text, cap + 1);
        if (!grown) break;
        text = grown;
        *n += fread(text + *n, 1, cap - *n, file);
        if (*n < cap) {
            text[*n] = 0;
            fclose(file);
            return text;
        }
    }
    fclose(file);
    free(text);
    return NULL;
}

static int64_t clock_of(void *user) { return ((session *)user)->now_ns; }

static bool parse_now(const char *text, int64_t *ns) {
    struct tm parts = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (!end || *end) return false;
    *ns = (int64_t)timegm(&parts) * 1000000000;
    return true;
}

static void print_log(void *user, int32_t level, const char *line) {
    const session *s = user;
    if (s->verbose || level >= FHIRTRIAL_LOG_WARNING) fprintf(stderr, "%s\n", line);
}

static void print_open_error(session *s, const char *path, int32_t code) {
    int32_t ignored;
    char *document = session_ask(s, "last-error", &ignored);
    if (!document || session_print_outcome(path, document) == 0)
        fprintf(stderr, "fhirtrial: %s: %s\n", path, s->strerror(code));
    free(document);
}

char *session_config(const session_options *options, size_t *n) {
    const char *path = options->config ? options->config : "fhirtrial.json";
    *n = 0;
    char *text = read_file(path, n);
    if (!text)
        fprintf(stderr, "fhirtrial: %s cannot be read: name a configuration with --config\n", path);
    return text;
}

bool session_open(session *s, const char *name, const char *text, size_t n) {
    int32_t code = s->open(FHIRTRIAL_ABI, text, (int64_t)n, &s->handle);
    if (code != FHIRTRIAL_OK) {
        print_open_error(s, name, code);
        return false;
    }
    s->on_log(s->handle, FHIRTRIAL_LOG_DEBUG, print_log, s);
    if (s->now_ns) s->on_clock(s->handle, clock_of, s);
    return true;
}

bool session_is_instant(const char *text) {
    int64_t ns;
    return parse_now(text, &ns);
}

bool session_clock(session *s, const char *now) {
    if (parse_now(now, &s->now_ns)) return true;
    fprintf(stderr, "fhirtrial: --now \"%s\" is no instant: write it as 2025-06-30T12:00:00Z\n",
            now);
    return false;
}

bool session_load(session *s, const session_options *options) {
    *s = (session){.verbose = options->verbose};
    if (options->now && !session_clock(s, options->now)) return false;
    s->library = load(options->library);
    if (!s->library) {
        const char *why = dlerror();
        fprintf(stderr, "fhirtrial: " LIBRARY_NAME " was not loaded (%s): name it with --library\n",
                why ? why : "it was not found");
        return false;
    }
    if (bind_all(s)) return true;
    session_unload(s);
    return false;
}

void session_unload(session *s) { dlclose(s->library); }

bool session_begin(session *s, const session_options *options) {
    size_t n;
    if (!session_load(s, options)) return false;
    char *text = session_config(options, &n);
    bool open =
        text && session_open(s, options->config ? options->config : "fhirtrial.json", text, n);
    free(text);
    if (!open) session_unload(s);
    return open;
}

void session_end(session *s, int32_t drain_ms) {
    s->close(s->handle, drain_ms);
    dlclose(s->library);
}

/* --- asking --- */

char *session_ask(session *s, const char *what, int32_t *code) {
    int64_t n = 0, cap = 1 << 16;
    for (int i = 0; i < 8; i++) {
        char *text = malloc((size_t)cap + 1);
        if (!text) break;
        *code = s->query(s->handle, what, text, cap, &n);
        if (*code == FHIRTRIAL_OK) {
            text[n] = 0;
            return text;
        }
        free(text);
        if (*code != FHIRTRIAL_E_BUFFER) return NULL;
        cap = n + n / 4;
    }
    *code = FHIRTRIAL_E_NOMEM;
    return NULL;
}

static void encode(FILE *to, const char *text) {
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
            strchr("-._~", c))
            fputc(c, to);
        else
            fprintf(to, "%%%02X", c);
    }
}

char *session_ask_with(session *s, int32_t *code, const char *name, ...) {
    char *what = NULL, *answer = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&what, &n);
    *code = FHIRTRIAL_E_NOMEM;
    if (!to) return NULL;
    va_list arguments;
    va_start(arguments, name);
    fputs(name, to);
    char separator = '?';
    for (const char *key; (key = va_arg(arguments, const char *));) {
        const char *value = va_arg(arguments, const char *);
        if (!value) continue;
        fprintf(to, "%c%s=", separator, key);
        encode(to, value);
        separator = '&';
    }
    va_end(arguments);
    if (fclose(to) == 0) answer = session_ask(s, what, code);
    free(what);
    return answer;
}

int session_complain(session *s, const char *what, int32_t code) {
    switch (code) {
    case FHIRTRIAL_NOMATCH:
        fprintf(stderr, "fhirtrial: %s: nothing is known\n", what);
        return CLI_NOTHING;
    case FHIRTRIAL_E_ARG:
        fprintf(stderr, "fhirtrial: %s: wrong argument\n", what);
        return CLI_USAGE;
    case FHIRTRIAL_E_REJECT:
        fprintf(stderr, "fhirtrial: %s: not allowed in this state\n", what);
        return CLI_REFUSED;
    default: fprintf(stderr, "fhirtrial: %s: %s\n", what, s->strerror(code)); return CLI_FAILED;
    }
}

int session_print_issues(const char *where, const cJSON *root) {
    int errors = 0;
    const cJSON *outcome = cJSON_GetObjectItemCaseSensitive(root, "operationOutcome");
    const cJSON *issues = cJSON_GetObjectItemCaseSensitive(outcome ? outcome : root, "issue"),
                *issue;
    cJSON_ArrayForEach(issue, issues) {
        const char *severity = doc_text(issue, "severity"), *place = doc_text(issue, "diagnostics");
        const char *text = doc_text(cJSON_GetObjectItemCaseSensitive(issue, "details"), "text");
        const cJSON *expression =
            cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(issue, "expression"), 0);
        if (strcmp(severity, "information") == 0) continue;
        errors += strcmp(severity, "warning") != 0;
        fprintf(stderr, "%s:%s%s %s: %s", where, place, *place ? ":" : "", severity, text);
        if (cJSON_IsString(expression)) fprintf(stderr, " [%s]", expression->valuestring);
        fputc('\n', stderr);
    }
    return errors;
}

int session_print_outcome(const char *where, const char *document) {
    cJSON *root = doc_read(document);
    int errors = session_print_issues(where, root);
    cJSON_Delete(root);
    return errors;
}
