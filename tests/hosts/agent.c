/* SPDX-License-Identifier: Apache-2.0 */
/* agent.c: the contract's commands (tests/hosts/README.md) through plugin/hosts/native, as the
 * shims in C use it. */
#include "hosts/native/native.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FIELDS = 8, FEEDERS = 4, EACH = 50, LOG_BYTES = 1 << 16 };

static native library;
static int32_t handle;
static native_text answer;
static char lines[LOG_BYTES];

static char *contents(const char *path, int64_t *n) {
    FILE *file = fopen(path, "rb");
    char *text = malloc(1 << 20);
    if (!file || !text) exit(1);
    *n = (int64_t)fread(text, 1, 1 << 20, file);
    fclose(file);
    return text;
}

static void collect(void *user, int32_t level, const char *line) {
    size_t n = strlen(lines);
    (void)user, (void)level;
    snprintf(lines + n, sizeof lines - n, "%s ", line);
}

static int32_t process(const char *path, const char *meta, native_text *to) {
    int64_t n;
    char *text = contents(path, &n);
    int32_t code = native_process(&library, handle, text, n, meta, to);
    free(text);
    return code;
}

/* --- several threads --- */

typedef struct task {
    pthread_t thread;
    const char *path;
    int times;
    int32_t codes[EACH];
} task;

static void *feed(void *argument) {
    task *t = argument;
    native_text text = {0};
    for (int i = 0; i < t->times; i++) t->codes[i] = process(t->path, NULL, &text);
    free(text.p);
    return NULL;
}

static void say_codes(const task *tasks, int n) {
    size_t at = 0;
    answer.n = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < tasks[i].times; k++)
            at +=
                (size_t)snprintf(answer.p + at, (size_t)answer.cap - at, "%d ", tasks[i].codes[k]);
}

static int32_t together(char **paths, int n, bool closing) {
    task tasks[FIELDS] = {0};
    for (int i = 0; i < n; i++) {
        tasks[i].path = paths[i];
        tasks[i].times = closing ? EACH : 1;
        pthread_create(&tasks[i].thread, NULL, feed, &tasks[i]);
    }
    int32_t code = closing ? library.close(handle, 0) : FHIRTRIAL_OK;
    for (int i = 0; i < n; i++) pthread_join(tasks[i].thread, NULL);
    say_codes(tasks, n);
    return code;
}

/* --- commands --- */

static int32_t with_file(const char *command, const char *path) {
    int64_t n;
    char *text = contents(path, &n);
    int32_t code;
    if (strcmp(command, "open") == 0)
        code = library.open(FHIRTRIAL_ABI, text, n, &handle);
    else
        code = library.configure(handle, text, n);
    free(text);
    if (code < 0) native_query(&library, handle, "last-error", &answer);
    return code;
}

static int32_t logs(void) {
    snprintf(answer.p, (size_t)answer.cap, "%s", lines);
    lines[0] = 0;
    return FHIRTRIAL_OK;
}

static int32_t buffer(const char *n) {
    free(answer.p);
    answer = (native_text){.p = calloc(1, 1), .cap = strtoll(n, NULL, 10)};
    if (!answer.p) exit(1);
    answer.p = realloc(answer.p, (size_t)answer.cap + 1);
    return FHIRTRIAL_OK;
}

static int32_t load(const char *path) {
    const char *why;
    if (native_load(&library, path, &why)) return FHIRTRIAL_OK;
    fprintf(stderr, "%s\n", why);
    return FHIRTRIAL_E_ABI;
}

static double microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* repeat N query WHAT, repeat N process FILE: what one of them takes, in microseconds. */
static int32_t repeat(const char *times, const char *command, const char *argument) {
    int64_t n = 0;
    long most = strtol(times, NULL, 10);
    bool query = strcmp(command, "query") == 0;
    char *text = query ? NULL : contents(argument, &n);
    double began = microseconds();
    for (long i = 0; i < most; i++) {
        if (query)
            native_query(&library, handle, argument, &answer);
        else
            native_process(&library, handle, text, n, NULL, &answer);
    }
    snprintf(answer.p, (size_t)answer.cap, "%.3f", (microseconds() - began) / (double)most);
    free(text);
    return FHIRTRIAL_OK;
}

static int32_t carry_out(char **words, int n);

/* --- the stack of a call --- */

typedef struct on_stack {
    char **words;
    int n;
    int32_t code;
} on_stack;

static void *run_on_stack(void *argument) {
    on_stack *o = argument;
    if (o->n > 0) o->code = carry_out(o->words, o->n);
    return NULL;
}

/* Bytes of stack that a thread used, from the mark it left untouched. */
static long stack_used(on_stack *o) {
    enum { STACK = 1 << 20, MARK = 0xa5 };
    pthread_attr_t attributes;
    pthread_t thread;
    unsigned char *stack = aligned_alloc(4096, STACK);
    if (!stack) exit(1);
    memset(stack, MARK, STACK);
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack, STACK);
    pthread_create(&thread, &attributes, run_on_stack, o);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    long low = 0;
    while (low < STACK && stack[low] == MARK) low++;
    free(stack);
    return STACK - low;
}

/* stack COMMAND...: its code; the text is the bytes of the calling thread's stack that it used. */
static int32_t stack_of(char **words, int n) {
    on_stack none = {0}, given = {words, n, FHIRTRIAL_OK};
    long before = stack_used(&none), used = stack_used(&given);
    snprintf(answer.p, (size_t)answer.cap, "%ld", used - before);
    return given.code;
}

static int32_t carry_out(char **words, int n) {
    const char *command = words[0];
    char *twice[FEEDERS] = {words[1], words[1], words[1], words[1]};
    long number = n > 1 ? strtol(words[1], NULL, 10) : 0;
    answer.p[0] = 0;
    if (strcmp(command, "load") == 0) return load(words[1]);
    if (strcmp(command, "unload") == 0) return native_unload(&library), FHIRTRIAL_OK;
    if (strcmp(command, "buffer") == 0) return buffer(words[1]);
    if (strcmp(command, "process") == 0) return process(words[1], n > 2 ? words[2] : NULL, &answer);
    if (strcmp(command, "together") == 0) return together(words + 1, n - 1, false);
    if (strcmp(command, "busy") == 0) return together(twice, FEEDERS, true);
    if (strcmp(command, "query") == 0) return native_query(&library, handle, words[1], &answer);
    if (strcmp(command, "step") == 0) return library.step(handle, (int32_t)number);
    if (strcmp(command, "log") == 0) return library.on_log(handle, (int32_t)number, collect, NULL);
    if (strcmp(command, "logs") == 0) return logs();
    if (strcmp(command, "stack") == 0) return stack_of(words + 1, n - 1);
    if (strcmp(command, "repeat") == 0) return repeat(words[1], words[2], words[3]);
    if (strcmp(command, "close") == 0) return library.close(handle, (int32_t)number);
    return with_file(command, words[1]);
}

int main(void) {
    static char line[1 << 16];
    buffer("65536");
    while (fgets(line, sizeof line, stdin)) {
        char *words[FIELDS + 1], *rest = line;
        int n = 0;
        line[strcspn(line, "\n")] = 0;
        while (n < FIELDS && (words[n] = strsep(&rest, "\t"))) n++;
        words[n] = NULL;
        int32_t code = carry_out(words, n);
        for (char *p = answer.p; *p; p++)
            if (*p == '\n') *p = ' ';
        printf("%d\t%s\n", code, answer.p);
        fflush(stdout);
    }
    return 0;
}
