/* SPDX-License-Identifier: Apache-2.0 */
/* The host's process: what a whole life of a handle leaves behind, fork, stack use, and a thousand
 * loads. */
#include "engine.h"

#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A life: open, feed, send, ask, close. */
static void live(const site *s) {
    const engine *e = engine_get();
    answer *a = answer_new();
    int32_t h = site_open(s);
    CHECK_INT(e->on_clock(h, cohort_clock, NULL), FHIRTRIAL_OK);
    CHECK(cohort_feed(h, "st-001-everything-met", a) > 5);
    give(h, "not a resource", NULL, a);
    give(h, "<Patient xmlns=\"http://hl7.org/fhir\"><id value=\"b\"/></Patient>", NULL, a);
    e->step(h, 200);
    ask(h, "record?patient=st-001-everything-met", a);
    ask(h, "health", a);
    CHECK_INT(e->close(h, 2000), FHIRTRIAL_OK);
    free(a);
}

/* --- what a life leaves behind --- */

static int entries_of(const char *folder) {
    int n = 0;
    DIR *dir = opendir(folder);
    while (dir && readdir(dir)) n++;
    if (dir) closedir(dir);
    return n;
}

typedef struct surroundings {
    struct sigaction actions[65];
    sigset_t mask;
    char locale[512], folder[4096];
    mode_t umask;
    char **environment;
    size_t environment_n;
    char first_variable[512];
    int descriptors, threads;
} surroundings;

static void look_around(surroundings *s) {
    memset(s, 0, sizeof *s);
    for (int i = 1; i < 65; i++) (void)sigaction(i, NULL, &s->actions[i]);
    pthread_sigmask(SIG_BLOCK, NULL, &s->mask);
    snprintf(s->locale, sizeof s->locale, "%s", setlocale(LC_ALL, NULL));
    if (!getcwd(s->folder, sizeof s->folder)) s->folder[0] = 0;
    s->umask = umask(077);
    umask(s->umask);
    s->environment = environ;
    while (environ[s->environment_n]) s->environment_n++;
    snprintf(s->first_variable, sizeof s->first_variable, "%s", environ[0] ? environ[0] : "");
    s->descriptors = entries_of("/proc/self/fd");
    s->threads = entries_of("/proc/self/task");
}

static bool same_action(const struct sigaction *a, const struct sigaction *b) {
    return a->sa_handler == b->sa_handler && a->sa_flags == b->sa_flags;
}

static void compare(const surroundings *a, const surroundings *b) {
    for (int i = 1; i < 65; i++)
        CHECK_MSG(same_action(&a->actions[i], &b->actions[i]), "signal %d has another handler", i);
    for (int i = 1; i < 65; i++)
        CHECK_MSG(sigismember(&a->mask, i) == sigismember(&b->mask, i), "signal %d in the mask", i);
    CHECK_STR(b->locale, a->locale);
    CHECK_STR(b->folder, a->folder);
    CHECK_INT(b->umask, a->umask);
    CHECK(b->environment == a->environment);
    CHECK_INT((long long)b->environment_n, (long long)a->environment_n);
    CHECK_STR(b->first_variable, a->first_variable);
    CHECK_INT(b->descriptors, a->descriptors);
    CHECK_INT(b->threads, a->threads);
}

static void a_life_leaves_nothing(int threads) {
    surroundings before, after;
    const site s = {.name = "process", .threads = threads};
    live(&s); /* libraries below open what they keep for good */
    look_around(&before);
    live(&s);
    look_around(&after);
    compare(&before, &after);
}

static void a_life_leaves_nothing_alone(void) { a_life_leaves_nothing(0); }
static void a_life_leaves_nothing_with_workers(void) { a_life_leaves_nothing(3); }

static void nothing_is_printed(void) {
    const char *path = unit_scratch("abi-printed");
    fflush(NULL);
    int out = dup(1), err = dup(2), file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK_OR_RETURN(out >= 0 && err >= 0 && file >= 0);
    dup2(file, 1);
    dup2(file, 2);
    live(&(site){.name = "process"});
    live(&(site){.name = "process", .threads = 2});
    fflush(NULL);
    dup2(out, 1);
    dup2(err, 2);
    struct stat info;
    CHECK(fstat(file, &info) == 0 && info.st_size == 0);
    close(file);
    close(out);
    close(err);
}

/* --- threads --- */

static atomic_int most_threads;
static atomic_bool watching;

static void *watch_threads(void *unused) {
    (void)unused;
    while (atomic_load(&watching)) {
        int n = entries_of("/proc/self/task");
        if (n > atomic_load(&most_threads)) atomic_store(&most_threads, n);
        sched_yield();
    }
    return NULL;
}

static int threads_during(const site *s) {
    pthread_t watcher;
    atomic_store(&watching, true);
    atomic_store(&most_threads, 0);
    pthread_create(&watcher, NULL, watch_threads, NULL);
    while (atomic_load(&most_threads) == 0) sched_yield();
    int before = atomic_load(&most_threads);
    live(s);
    atomic_store(&watching, false);
    pthread_join(watcher, NULL);
    return atomic_load(&most_threads) - before;
}

static void no_thread_is_made_unasked(void) {
    CHECK_INT(threads_during(&(site){.name = "process"}), 0);
    CHECK(threads_during(&(site){.name = "process", .threads = 3}) >= 3);
}

/* Of every thread but the caller's: which signals it blocks, from /proc. */
static int other_threads(const char *first_of_name, unsigned long long *blocked) {
    int n = 0;
    DIR *dir = opendir("/proc/self/task");
    *blocked = ~0ull;
    for (struct dirent *d; dir && (d = readdir(dir));) {
        char path[300], line[256], name[256] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/status", d->d_name);
        FILE *in = d->d_name[0] == '.' ? NULL : fopen(path, "r");
        while (in && fgets(line, sizeof line, in)) {
            if (strncmp(line, "Name:\t", 6) == 0) snprintf(name, sizeof name, "%s", line + 6);
            if (strncmp(line, "SigBlk:\t", 8) == 0 &&
                strncmp(name, first_of_name, strlen(first_of_name)) == 0) {
                *blocked &= strtoull(line + 8, NULL, 16);
                n++;
            }
        }
        if (in) fclose(in);
    }
    if (dir) closedir(dir);
    return n;
}

static void workers_have_a_name_and_block_signals(void) {
    unsigned long long blocked;
    CHECK_INT(other_threads("fhirtrial", &blocked), 0);
    int32_t h = site_open(&(site){.name = "process", .threads = 3});
    CHECK_MSG(other_threads("fhirtrial", &blocked) >= 3, "%d threads of that name",
              other_threads("fhirtrial", &blocked));
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE, SIGCHLD, SIGALRM};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        CHECK_MSG(blocked >> (signals[i] - 1) & 1, "signal %d is not blocked", signals[i]);
    CHECK_INT(engine_get()->close(h, 0), FHIRTRIAL_OK);
    CHECK_INT(other_threads("fhirtrial", &blocked), 0);
}

/* --- locale --- */

/* Makes a locale below LOCPATH where Debian's sources of locales are installed. */
static void make_locale(const char *name, const char *input) {
    char path[4096];
    pid_t pid;
    int status;
    snprintf(path, sizeof path, "%s/%s", getenv("LOCPATH"), name);
    if (access(path, R_OK) == 0) return;
    char *arguments[] = {"localedef", "--no-archive", "-c", "-i", (char *)(uintptr_t)input,
                         "-f",        "UTF-8",        path, NULL};
    posix_spawn_file_actions_t silent;
    posix_spawn_file_actions_init(&silent);
    posix_spawn_file_actions_addopen(&silent, 2, "/dev/null", O_WRONLY, 0);
    if (posix_spawnp(&pid, arguments[0], &silent, NULL, arguments, environ) == 0)
        waitpid(pid, &status, 0);
    posix_spawn_file_actions_destroy(&silent);
}

/* A comma for the decimal point, and an I whose lower case has no dot. */
static void the_result_does_not_depend_on_the_locale(void) {
    static const char *const names[] = {"de_DE.UTF-8", "tr_TR.UTF-8", "C.UTF-8"};
    answer *plain = answer_new(), *here = answer_new();
    mkdir(unit_scratch("abi-locales"), 0700);
    setenv("LOCPATH", unit_scratch("abi-locales"), 1);
    make_locale("de_DE.UTF-8", "de_DE");
    make_locale("tr_TR.UTF-8", "tr_TR");
    int32_t h = site_open(&(site){.name = "process"});
    engine_get()->on_clock(h, cohort_clock, NULL);
    cohort_feed(h, "st-001-everything-met", plain);
    CHECK_INT(ask(h, "record?patient=st-001-everything-met", plain), FHIRTRIAL_OK);
    engine_get()->close(h, 0);
    int tried = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!setlocale(LC_ALL, names[i])) continue;
        tried++;
        h = site_open(&(site){.name = "process"});
        engine_get()->on_clock(h, cohort_clock, NULL);
        cohort_feed(h, "st-001-everything-met", here);
        CHECK_INT(ask(h, "record?patient=st-001-everything-met", here), FHIRTRIAL_OK);
        CHECK_STR(here->text, plain->text);
        CHECK_INT(engine_get()->close(h, 0), FHIRTRIAL_OK);
        setlocale(LC_ALL, "C");
    }
    unsetenv("LOCPATH");
    CHECK(tried > 0);
    printf("# %d of 3 locales are installed or could be made\n", tried);
    free(plain);
    free(here);
}

/* --- fork --- */

enum { CHILD_FAILED = 64 };

/* In the child: 0, or the number of the first function that did not refuse. */
static int refused_in_child(int32_t h) {
    const engine *e = engine_get();
    char room[64];
    int64_t n, job = 0;
    const int32_t codes[] = {e->configure(h, "{}", 2),
                             e->process(h, "{}", 2, NULL, room, sizeof room, &n, &job),
                             e->submit(h, "{}", 2, NULL, &job),
                             e->wait(h, &job, 0),
                             e->result(h, 1, room, sizeof room, &n),
                             e->step(h, 0),
                             e->query(h, "stats", room, sizeof room, &n),
                             e->next_event(h, room, sizeof room, &n),
                             e->on_log(h, 0, NULL, NULL),
                             e->on_metric(h, NULL, NULL),
                             e->on_clock(h, NULL, NULL),
                             e->close(h, 0)};
    for (int i = 0; i < (int)(sizeof codes / sizeof codes[0]); i++)
        if (codes[i] != FHIRTRIAL_E_FORK) return i + 1;
    int32_t after = e->close(h, 0);
    return after == FHIRTRIAL_E_FORK || after == FHIRTRIAL_E_HANDLE ? 0 : CHILD_FAILED;
}

static void in_child(int32_t h) {
    pid_t pid = fork();
    if (pid == 0) {
        alarm(20);
        _exit(refused_in_child(h));
    }
    int status = -1;
    CHECK_OR_RETURN(pid > 0 && waitpid(pid, &status, 0) == pid);
    CHECK_MSG(WIFEXITED(status) && WEXITSTATUS(status) == 0, "in the child: %s %d",
              WIFSIGNALED(status) ? "signal" : "function",
              WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void a_handle_does_not_survive_fork(void) {
    for (int threads = 0; threads <= 2; threads += 2) {
        answer *a = answer_new();
        int32_t h = site_open(&(site){.name = "process", .threads = threads});
        in_child(h);
        CHECK_INT(give(h, "{\"resourceType\":\"Patient\",\"id\":\"x\"}", NULL, a), FHIRTRIAL_OK);
        CHECK_INT(engine_get()->close(h, 0), FHIRTRIAL_OK);
        free(a);
    }
}

static atomic_bool hammering;

static void *hammer(void *argument) {
    int32_t h = *(int32_t *)argument;
    answer *a = answer_new();
    while (atomic_load(&hammering)) {
        ask(h, "info", a);
        give(h, "{\"resourceType\":\"Patient\",\"id\":\"x\"}", NULL, a);
    }
    free(a);
    return NULL;
}

/* The parent's other threads hold the library's locks at any moment; the child must not wait for
 * them. */
static void a_fork_of_a_busy_host_does_not_hang(void) {
    int32_t h = site_open(&(site){.name = "process"});
    pthread_t threads[2];
    atomic_store(&hammering, true);
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, hammer, &h);
    for (int i = 0; i < 100; i++) in_child(h);
    atomic_store(&hammering, false);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    CHECK_INT(engine_get()->close(h, 0), FHIRTRIAL_OK);
}

/* --- stack --- */

enum { STACK = 1 << 20, STACK_MOST = 64 << 10, STACK_MARK = 0xa5 };

/* What makes the deepest recursion: as many levels as the reader allows, and one more. */
static void give_deep(int32_t h, int levels, answer *a) {
    static char text[1 << 14];
    size_t n = 0;
#define ADD(...) (n += (size_t)snprintf(text + n, sizeof text - n, __VA_ARGS__))
    ADD("{\"resourceType\":\"Questionnaire\",\"status\":\"draft\"");
    for (int i = 0; i < levels; i++) ADD(",\"item\":[{\"linkId\":\"a\",\"type\":\"group\"");
    for (int i = 0; i < levels; i++) ADD("}]");
    ADD("}");
    give(h, text, NULL, a);
    n = 0;
    ADD("<Questionnaire xmlns=\"http://hl7.org/fhir\"><status value=\"draft\"/>");
    for (int i = 0; i < levels; i++) ADD("<item><linkId value=\"a\"/><type value=\"group\"/>");
    for (int i = 0; i < levels; i++) ADD("</item>");
    ADD("</Questionnaire>");
    give(h, text, NULL, a);
#undef ADD
}

static void *live_here(void *argument) {
    live(argument);
    answer *a = answer_new();
    int32_t h = site_open(&(site){.name = "process", .keep_store = true});
    for (int levels = 29; levels < 34; levels++) give_deep(h, levels, a);
    static const char *const questions[] = {
        "stats", "outbox",     "quarantine",    "audit", "studies",
        "views", "prometheus", "config-schema", "libs",  "export?format=csv&study=nct04242589"};
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) ask(h, questions[i], a);
    CHECK_INT(engine_get()->close(h, 0), FHIRTRIAL_OK);
    free(a);
    return NULL;
}

static void *live_not(void *argument) {
    answer *a = answer_new();
    free(a);
    return argument;
}

/* Bytes of stack that a thread used, from the mark it left untouched. */
static long stack_of(void *(*run)(void *), void *argument) {
    pthread_attr_t attributes;
    pthread_t thread;
    unsigned char *stack = aligned_alloc(4096, STACK);
    memset(stack, STACK_MARK, STACK);
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack, STACK);
    CHECK_INT(pthread_create(&thread, &attributes, run, argument), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    long low = 0;
    while (low < STACK && stack[low] == STACK_MARK) low++;
    free(stack);
    return STACK - low;
}

static void a_callers_stack_is_spared(void) {
    site s = {.name = "process"};
    live(&s);
    if (sanitized()) return; /* instrumented frames are larger */
    long used = stack_of(live_here, &s) - stack_of(live_not, NULL);
    printf("# %ld bytes of the caller's stack are used\n", used);
    CHECK_MSG(used <= STACK_MOST, "%ld bytes of the caller's stack are used, %d allowed", used,
              STACK_MOST);
}

/* --- a thousand loads --- */

static bool mapped(const char *word) {
    char line[4096];
    bool found = false;
    FILE *in = fopen("/proc/self/maps", "r");
    while (in && fgets(line, sizeof line, in)) found |= strstr(line, word) != NULL;
    if (in) fclose(in);
    return found;
}

static long resident(void) {
    long pages = 0;
    char line[256] = "", *rest;
    FILE *in = fopen("/proc/self/statm", "r");
    if (in && fgets(line, sizeof line, in)) {
        (void)strtol(line, &rest, 10);
        pages = strtol(rest, NULL, 10);
    }
    if (in) fclose(in);
    return pages * sysconf(_SC_PAGESIZE);
}

typedef struct load_report {
    int code; /* 0: all went well */
    long growth;
} load_report;

/* In a child of its own, where nothing else holds the library. */
static int load_often(const char *config, int loads, long *growth) {
    long after_ten = 0;
    for (int i = 1; i <= loads; i++) {
        engine e;
        int32_t h = 0;
        int64_t n = 0;
        static char room[1 << 16];
        if (!engine_load(&e)) return 1;
        if (e.open(FHIRTRIAL_ABI, config, (int64_t)strlen(config), &h) != FHIRTRIAL_OK) return 2;
        static const char text[] = "{\"resourceType\":\"Patient\",\"id\":\"x\"}";
        if (e.process(h, text, (int64_t)strlen(text), NULL, room, sizeof room, &n, NULL) < 0)
            return 3;
        if (e.close(h, 0) != FHIRTRIAL_OK) return 4;
        engine_unload(&e);
        if (mapped("libfhirtrial")) return 5;
        if (i == 10) after_ten = resident();
    }
    *growth = resident() - after_ten;
    return 0;
}

static void a_thousand_loads_stay_flat(void) {
    const int loads = sanitized() ? 20 : 1000;
    const char *config = site_config(&(site){.name = "process-loads", .small = true});
    int link[2];
    CHECK_OR_RETURN(pipe(link) == 0);
    load_report told = {-1, 0};
    pid_t pid = fork();
    if (pid == 0) {
        alarm(300);
        engine_forget();
        told.code = load_often(config, loads, &told.growth);
        (void)!write(link[1], &told, sizeof told);
        _exit(0);
    }
    close(link[1]);
    CHECK(read(link[0], &told, sizeof told) == (ssize_t)sizeof told);
    close(link[0]);
    int status;
    waitpid(pid, &status, 0);
    CHECK_INT(told.code, 0);
    CHECK_MSG(sanitized() || told.growth <= 1 << 20, "%ld bytes grown from load 10 to load %d",
              told.growth, loads);
}

const unit_test process_suite[] = {
    UNIT_TEST(a_thousand_loads_stay_flat),
    UNIT_TEST(a_life_leaves_nothing_alone),
    UNIT_TEST(a_life_leaves_nothing_with_workers),
    UNIT_TEST(nothing_is_printed),
    UNIT_TEST(no_thread_is_made_unasked),
    UNIT_TEST(workers_have_a_name_and_block_signals),
    UNIT_TEST(the_result_does_not_depend_on_the_locale),
    UNIT_TEST(a_handle_does_not_survive_fork),
    UNIT_TEST(a_fork_of_a_busy_host_does_not_hang),
    UNIT_TEST(a_callers_stack_is_spared),
    UNIT_END,
};
