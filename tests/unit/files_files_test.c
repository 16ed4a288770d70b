/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "files/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct call {
    arena arena;
    landing landing;
    fault fault;
    const char *folder, *path;
    isize max;
    mapping_choice choice;
    const mapping_file *files;
    isize n;
    str out;
    bool ok;
} call;

static void read_step(void *state) {
    call *c = state;
    c->ok =
        files_read(&c->arena, str_from(c->folder), str_from(c->path), c->max, &c->out, &c->fault);
}

static void mappings_step(void *state) {
    call *c = state;
    c->ok = files_mappings(&c->arena, str_from(c->folder), &c->choice, &c->files, &c->n, &c->fault);
}

static void join_step(void *state) {
    call *c = state;
    c->out = files_join(&c->arena, str_from(c->folder), str_from(c->path));
}

static void run(call *c, void (*step)(void *)) {
    arena_init(&c->arena, 1 << 26, &c->landing);
    CHECK_MSG(guarded(&c->landing, step, c), "raised: %s", c->landing.fault.text);
}

static const char *scratch(const char *name) { return unit_scratch(name); }

static void put(const char *path, const char *text) {
    FILE *out = fopen(path, "w");
    CHECK_MSG(out && fputs(text, out) >= 0, "%s cannot be written", path);
    if (out) fclose(out);
}

static void a_file_is_read_whole(void) {
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", scratch("files-read"));
    mkdir(folder, 0700);
    char path[4200];
    snprintf(path, sizeof path, "%s/a.json", folder);
    put(path, "{\"a\":1}");
    call c = {.folder = folder, .path = "a.json", .max = 7};
    run(&c, read_step);
    CHECK(c.ok);
    CHECK_BYTES(c.out.p, c.out.n, "{\"a\":1}");
    arena_release(&c.arena);
}

static void read_fails(const char *path, isize max, const char *said) {
    call c = {.folder = "", .path = path, .max = max};
    run(&c, read_step);
    CHECK(!c.ok);
    CHECK_MSG(strstr(c.fault.text, said) != NULL, "\"%s\" is not in: %s", said, c.fault.text);
    arena_release(&c.arena);
}

static void what_cannot_be_read_says_why(void) {
    char file[4096], fifo[4096];
    snprintf(file, sizeof file, "%s", scratch("files-size.json"));
    put(file, "12345678");
    read_fails(file, 7, "limit of 7 bytes");
    read_fails(unit_scratch("files-absent.json"), 7, "does not exist");
    read_fails("/", 7, "no regular file");
    snprintf(fifo, sizeof fifo, "%s", scratch("files-fifo"));
    unlink(fifo);
    CHECK(mkfifo(fifo, 0600) == 0);
    read_fails(fifo, 7, "no regular file");
}

static void joined(const char *folder, const char *path, const char *expected) {
    call c = {.folder = folder, .path = path};
    run(&c, join_step);
    CHECK_BYTES(c.out.p, c.out.n, expected);
    CHECK(c.out.p[c.out.n] == 0);
    arena_release(&c.arena);
}

static void paths_are_joined(void) {
    joined("/a", "b", "/a/b");
    joined("/a/", "b", "/a/b");
    joined("/a", "/b", "/b");
    joined("", "b", "b");
}

/* --- a mappings folder --- */

static const char *make_mappings(void) {
    static char root[4096];
    static const char *const folders[] = {"",
                                          "/core",
                                          "/core/views",
                                          "/studies",
                                          "/studies/one",
                                          "/studies/two",
                                          "/sites",
                                          "/sites/here",
                                          "/sites/there",
                                          "/guidelines",
                                          "/guidelines/care",
                                          "/guidelines/other"};
    static const char *const files[] = {"/core/views/b.json",      "/core/views/a.json",
                                        "/core/views/notes.md",    "/core/views/.hidden.json",
                                        "/studies/one/p.json",     "/studies/two/p.json",
                                        "/sites/here/site.json",   "/sites/there/site.json",
                                        "/guidelines/care/p.json", "/guidelines/other/p.json"};
    snprintf(root, sizeof root, "%s", scratch("files-mappings"));
    char path[4200];
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(path, sizeof path, "%s%s", root, folders[i]);
        mkdir(path, 0700);
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s%s", root, files[i]);
        put(path, files[i]);
    }
    return root;
}

static void found(const call *c, const char *const *names, isize n) {
    CHECK_MSG(c->ok, "%s", c->fault.text);
    CHECK_INT(c->n, n);
    for (isize i = 0; i < n && i < c->n; i++) {
        CHECK_BYTES(c->files[i].name.p, c->files[i].name.n, names[i]);
        CHECK(c->files[i].text.n > 0 && c->files[i].text.p[0] == '/');
    }
}

static void core_all_studies_and_one_site(void) {
    static const char *const names[] = {"core/views/a.json", "core/views/b.json",
                                        "sites/here/site.json", "studies/one/p.json",
                                        "studies/two/p.json"};
    call c = {.folder = make_mappings(), .choice = {.site = S("here")}};
    run(&c, mappings_step);
    found(&c, names, 5);
    arena_release(&c.arena);
}

static void chosen_studies_and_no_site(void) {
    static const char *const names[] = {"core/views/a.json", "core/views/b.json",
                                        "studies/two/p.json"};
    const str studies[] = {S("two")};
    call c = {.folder = make_mappings(), .choice = {.studies = studies, .study_count = 1}};
    run(&c, mappings_step);
    found(&c, names, 3);
    arena_release(&c.arena);
}

static void guidelines_that_are_named(void) {
    static const char *const names[] = {"core/views/a.json", "core/views/b.json",
                                        "guidelines/care/p.json", "studies/one/p.json",
                                        "studies/two/p.json"};
    const str care[] = {S("care")};
    call c = {.folder = make_mappings(), .choice = {.guidelines = care, .guideline_count = 1}};
    run(&c, mappings_step);
    found(&c, names, 5);
    arena_release(&c.arena);
}

static void all_guidelines_where_they_are_asked_for(void) {
    static const char *const names[] = {"core/views/a.json",      "core/views/b.json",
                                        "guidelines/care/p.json", "guidelines/other/p.json",
                                        "studies/one/p.json",     "studies/two/p.json"};
    call c = {.folder = make_mappings(), .choice = {.all_guidelines = true}};
    run(&c, mappings_step);
    found(&c, names, 6);
    arena_release(&c.arena);
}

static void mappings_fail(const char *folder, mapping_choice choice, const char *said) {
    call c = {.folder = folder, .choice = choice};
    run(&c, mappings_step);
    CHECK(!c.ok);
    CHECK_MSG(strstr(c.fault.text, said) != NULL, "\"%s\" is not in: %s", said, c.fault.text);
    arena_release(&c.arena);
}

static void an_absent_folder_gets_a_suggestion(void) {
    const str wrong[] = {S("tow")}, outside[] = {S("../sites")}, hidden[] = {S(".")};
    const char *root = make_mappings();
    mappings_fail(root, (mapping_choice){.site = S("heer")}, "did you mean \"here\"");
    mappings_fail(root, (mapping_choice){.studies = wrong, .study_count = 1},
                  "did you mean \"two\"");
    mappings_fail(root, (mapping_choice){.guidelines = wrong, .guideline_count = 1},
                  "no folder guidelines/tow");
    mappings_fail(root, (mapping_choice){.studies = outside, .study_count = 1},
                  "cannot name a folder");
    mappings_fail(root, (mapping_choice){.studies = hidden, .study_count = 1},
                  "cannot name a folder");
    mappings_fail("/nowhere", (mapping_choice){0}, "/nowhere cannot be opened: it does not exist");
    mappings_fail(unit_scratch(""), (mapping_choice){0}, "core cannot be opened");
}

/* Taken all the same, but one file is listed with its trouble. */
static void mappings_trouble(const char *folder, mapping_choice choice, const char *name,
                             const char *said) {
    call c = {.folder = folder, .choice = choice};
    isize troubles = 0;
    run(&c, mappings_step);
    CHECK_MSG(c.ok, "%s", c.fault.text);
    for (isize i = 0; c.ok && i < c.n; i++) {
        if (!c.files[i].trouble) continue;
        troubles++;
        CHECK_BYTES(c.files[i].name.p, c.files[i].name.n, name);
        CHECK_INT(c.files[i].text.n, 0);
        CHECK_MSG(strstr(c.files[i].trouble, said) != NULL, "\"%s\" is not in: %s", said,
                  c.files[i].trouble);
        CHECK(c.files[i].remedy && *c.files[i].remedy);
    }
    CHECK_INT(troubles, 1);
    arena_release(&c.arena);
}

static void a_symbolic_link_is_refused(void) {
    char link[4200];
    const char *root = make_mappings();
    snprintf(link, sizeof link, "%s/core/views/c.json", root);
    unlink(link);
    CHECK(symlink("/etc/passwd", link) == 0);
    mappings_trouble(root, (mapping_choice){0}, "core/views/c.json", "symbolic link");
    unlink(link);
}

static void a_study_without_a_file_is_refused(void) {
    char path[4200];
    const char *root = make_mappings();
    snprintf(path, sizeof path, "%s/studies/three", root);
    CHECK(mkdir(path, 0700) == 0);
    const str named[] = {S("three")};
    mappings_trouble(root, (mapping_choice){0}, "studies/three", "holds no *.json file");
    mappings_trouble(root, (mapping_choice){.studies = named, .study_count = 1}, "studies/three",
                     "holds no *.json file");
    rmdir(path);
}

static void an_ending_in_capitals_is_not_lost(void) {
    static const char *const names[] = {"core/views/C.JSON", "core/views/a.json",
                                        "core/views/b.json", "studies/one/p.json",
                                        "studies/two/p.json"};
    char path[4200];
    const char *root = make_mappings();
    snprintf(path, sizeof path, "%s/core/views/C.JSON", root);
    put(path, "/core/views/C.JSON");
    call c = {.folder = root};
    run(&c, mappings_step);
    found(&c, names, 5);
    arena_release(&c.arena);
    unlink(path);
}

static void folders_nest_so_deep_only(void) {
    char path[4200];
    const char *root = make_mappings();
    snprintf(path, sizeof path, "%s/core", root);
    for (int i = 0; i < 5; i++) {
        size_t n = strlen(path);
        snprintf(path + n, sizeof path - n, "/d");
        mkdir(path, 0700);
    }
    mappings_fail(root, (mapping_choice){0}, "nest deeper than");
    for (int i = 0; i < 5; i++) {
        rmdir(path);
        *strrchr(path, '/') = 0;
    }
}

const unit_test files_files_suite[] = {
    UNIT_TEST(a_file_is_read_whole),
    UNIT_TEST(what_cannot_be_read_says_why),
    UNIT_TEST(paths_are_joined),
    UNIT_TEST(core_all_studies_and_one_site),
    UNIT_TEST(chosen_studies_and_no_site),
    UNIT_TEST(guidelines_that_are_named),
    UNIT_TEST(all_guidelines_where_they_are_asked_for),
    UNIT_TEST(an_absent_folder_gets_a_suggestion),
    UNIT_TEST(a_symbolic_link_is_refused),
    UNIT_TEST(a_study_without_a_file_is_refused),
    UNIT_TEST(an_ending_in_capitals_is_not_lost),
    UNIT_TEST(folders_nest_so_deep_only),
    UNIT_END,
};
