/* SPDX-License-Identifier: Apache-2.0 */
/* The FHIR JSON reader: a file of documents with hand-written expectations, limits, single
 * elements, and the samples of the shared folder. */
#include "fhir/json.h"

#include "fhir_fixture.h"

#include <dirent.h>
#include <stdio.h>

/* --- tests/data/json-documents.txt --- */

static str field(str *line) {
    isize tab = str_find_byte(*line, '\t', 0);
    isize n = tab < 0 ? line->n : tab;
    str text = {line->p, n};
    *line = str_slice(*line, tab < 0 ? n : n + 1, line->n);
    return text;
}

static int hex_value(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Replaces <HH> and takes out <^>, whose place goes to *mark (-1 without). */
static str decode(str raw, char *out, isize *mark) {
    isize n = 0;
    *mark = -1;
    for (isize i = 0; i < raw.n; i++) {
        str rest = str_slice(raw, i, raw.n);
        int high = rest.n >= 4 && rest.p[3] == '>' ? hex_value(rest.p[1]) : -1;
        int low = high >= 0 ? hex_value(rest.p[2]) : -1;
        if (str_starts(rest, S("<^>"))) {
            *mark = n;
            i += 2;
        } else if (rest.p[0] == '<' && low >= 0) {
            out[n++] = (char)(high * 16 + low);
            i += 3;
        } else {
            out[n++] = raw.p[i];
        }
    }
    return (str){out, n};
}

/* The findings as code@pointer, by spaces. */
static str findings(fixture *f) {
    str all = {0};
    for (isize i = 0; i < f->found.n; i++) {
        const problem *p = &f->found.list[i];
        CHECK_MSG(p->text.n > 0 && p->remedy.n > 0 && p->level == PROBLEM_ERROR, "a full finding");
        all = arena_printf(&f->a, "%.*s%s%s@%.*s", STR_ARGS(all), i ? " " : "", p->code,
                           STR_ARGS(p->place));
    }
    return all;
}

static void check_read(str expected_findings, str canonical, str document, int line) {
    fixture f;
    fixture_read(&f, document);
    if (CHECK_MSG(f.ok, "line %d: %s", line, f.fault.text)) {
        str expected = str_eq(canonical, S("=")) ? document : canonical;
        str actual = fixture_json(&f, 0, true), found = findings(&f);
        CHECK_MSG(str_eq(actual, expected), "line %d: %.*s", line, STR_ARGS(actual));
        CHECK_MSG(str_eq(found, expected_findings), "line %d: %.*s", line, STR_ARGS(found));
    }
    fixture_end(&f);
}

static void check_fault(str code, str document, isize at, int line) {
    fixture f;
    fixture_read(&f, document);
    CHECK_MSG(!f.ok, "line %d was read", line);
    CHECK_MSG(str_eq(str_from(fault_name(f.fault.code)), code), "line %d: %s", line,
              fault_name(f.fault.code));
    CHECK_MSG(f.fault.at == at, "line %d: at %td, not %td: %s", line, f.fault.at, at, f.fault.text);
    fixture_end(&f);
}

typedef struct plain {
    arena *a;
    str text;
    bool ok;
} plain;

static void plain_step(void *state) {
    plain *p = state;
    fault fault;
    const json *root;
    p->ok = json_read(p->a, p->text, &root, &fault);
}

/* The configuration reader and the skipping of a member nobody knows must agree. */
static void check_lexer(bool legal, str document, int line) {
    landing where = {0};
    arena a;
    arena_init(&a, 1 << 20, &where);
    plain p = {.a = &a, .text = document};
    CHECK(guarded(&where, plain_step, &p));
    CHECK_MSG(p.ok == legal, "line %d: json_read", line);
    arena_release(&a);
    char around[4096];
    int n = snprintf(around, sizeof around, "{\"resourceType\":\"Patient\",\"x\":");
    memcpy(around + n, document.p, (size_t)document.n);
    around[n + document.n] = '}';
    fixture f;
    fixture_read(&f, (str){around, n + document.n + 1});
    CHECK_MSG(f.ok == legal, "line %d: skipped", line);
    fixture_end(&f);
}

static void check_document(str line, int number) {
    static char bytes[4096], canonical_bytes[4096];
    isize mark, none;
    str kind = field(&line), first = field(&line);
    if (str_eq(kind, S("read"))) {
        check_read((str){0}, decode(first, canonical_bytes, &none), decode(line, bytes, &mark),
                   number);
    } else if (str_eq(kind, S("find"))) {
        str canonical = decode(field(&line), canonical_bytes, &none);
        check_read(first, canonical, decode(line, bytes, &mark), number);
    } else if (str_eq(kind, S("fault"))) {
        str document = decode(line, bytes, &mark);
        check_fault(first, document, mark, number);
    } else {
        check_lexer(str_eq(kind, S("json")), decode(line, bytes, &mark), number);
    }
}

static void documents(void) {
    size_t length;
    char *text = unit_read(unit_source("tests/data/json-documents.txt"), &length);
    CHECK_OR_RETURN(text != NULL);
    str rest = {text, (isize)length};
    int number = 0, checked = 0;
    while (rest.n) {
        isize feed = str_find_byte(rest, '\n', 0);
        str line = str_slice(rest, 0, feed);
        rest = str_slice(rest, feed + 1, rest.n);
        number++;
        if (line.p[0] == '#') continue;
        check_document(line, number);
        checked++;
    }
    CHECK(checked >= 300);
    free(text);
}

/* Every prefix of a document with everything in it is refused, never overrun. */
static void every_prefix_is_refused(void) {
    static const char text[] =
        "{\"resourceType\":\"Observation\",\"_status\":{\"id\":\"a\"},\"status\":\"final\","
        "\"code\":{\"coding\":[{\"code\":\"\\u00e9\\ud83d\\ude00 a rather long code of Müller\"}]},"
        "\"valueQuantity\":{\"value\":-1.5e+3},\"x\":[null,true,false,{}],"
        "\"component\":[{\"valueInteger\":1}]}";
    fixture f;
    for (isize n = 0; n < (isize)sizeof text - 1; n++) {
        fixture_read(&f, (str){text, n});
        CHECK_MSG(!f.ok && f.fault.code == FAULT_INPUT && f.fault.at <= n, "%td bytes", n);
        fixture_end(&f);
    }
    fixture_read(&f, S(text));
    CHECK(f.ok);
    fixture_end(&f);
}

/* Whatever the ceiling, reading ends in success or FAULT_NOMEM. */
static void every_memory_ceiling(void) {
    static const char text[] =
        "{\"resourceType\":\"Patient\",\"name\":[{\"given\":[\"a\\u00e9\",null],\"_given\":[null,"
        "{\"id\":\"x\"}]}],\"x\":1,\"y\":2,\"contact\":[{\"gendre\":\"x\"}]}";
    bool once = false;
    for (isize limit = 0; limit <= 64 << 10; limit += 61) {
        fixture f;
        fixture_read_within(&f, S(text), NULL, limit);
        CHECK_MSG(f.ok || f.fault.code == FAULT_NOMEM, "ceiling %td: %s", limit, f.fault.text);
        once |= f.ok;
        fixture_end(&f);
    }
    CHECK(once);
}

/* --- limits --- */

static char *repeated(const char *before, char byte, isize count, const char *after, isize *n) {
    size_t nb = strlen(before), na = strlen(after);
    char *text = malloc(nb + (size_t)count + na);
    memcpy(text, before, nb);
    memset(text + nb, byte, (size_t)count);
    memcpy(text + nb + count, after, na);
    *n = (isize)(nb + (size_t)count + na);
    return text;
}

static void a_string_over_the_limit(void) {
    read_options options = {.max_string = 100};
    isize n;
    for (isize length = 100; length <= 101; length++) {
        char *text = repeated("{\"resourceType\":\"Patient\",\"name\":[{\"text\":\"", 'x', length,
                              "\",\"family\":\"f\"}],\"id\":\"i\"}", &n);
        fixture f;
        fixture_read_within(&f, (str){text, n}, &options, 1 << 20);
        CHECK(f.ok);
        CHECK_INT(f.found.n, length - 100);
        if (length > 100) {
            CHECK_STR(f.found.list[0].code, "too-long");
            CHECK_TEXT(
                fixture_json(&f, 0, true),
                S("{\"id\":\"i\",\"name\":[{\"family\":\"f\"}],\"resourceType\":\"Patient\"}"));
        }
        fixture_end(&f);
        free(text);
    }
    /* skipped text has no limit of its own */
    char *text = repeated("{\"resourceType\":\"Patient\",\"x\":\"", 'x', 5000, "\"}", &n);
    fixture f;
    fixture_read_within(&f, (str){text, n}, &options, 1 << 20);
    CHECK(f.ok && f.found.n == 1 && strcmp(f.found.list[0].code, "structure") == 0);
    fixture_end(&f);
    free(text);
}

static void a_message_over_the_limit(void) {
    read_options options = {.max_bytes = 26};
    fixture f;
    fixture_read_within(&f, S("{\"resourceType\":\"Patient\"}"), &options, 1 << 20);
    CHECK(f.ok);
    fixture_end(&f);
    fixture_read_within(&f, S("{\"resourceType\":\"Patient\"} "), &options, 1 << 20);
    CHECK_INT(f.fault.code, FAULT_LIMIT);
    CHECK(!f.ok && strstr(f.fault.text, "26") != NULL);
    fixture_end(&f);
}

static void depth(void) {
    read_options options = {.max_depth = 3};
    fixture f;
    fixture_read_within(&f, S("{\"resourceType\":\"Patient\",\"name\":[{\"text\":\"a\"}]}"),
                        &options, 1 << 20);
    CHECK(f.ok);
    fixture_end(&f);
    fixture_read_within(
        &f, S("{\"resourceType\":\"Patient\",\"name\":[{\"period\":{\"start\":\"2020\"}}]}"),
        &options, 1 << 20);
    CHECK_INT(f.fault.code, FAULT_LIMIT);
    CHECK_INT(f.fault.at, 44);
    fixture_end(&f);
    /* a hundred thousand levels, once where the model follows and once where it does not */
    static const char *const opening[] = {"[{\"extension\":", "["};
    for (int i = 0; i < 2; i++) {
        isize step = (isize)strlen(opening[i]), n = 100000 * step;
        static const char head[] = "{\"resourceType\":\"Patient\",\"extension\":";
        char *text = malloc(sizeof head + (size_t)n);
        memcpy(text, head, sizeof head);
        isize at = (isize)sizeof head - 1;
        for (int k = 0; k < 100000; k++, at += step) memcpy(text + at, opening[i], (size_t)step);
        fixture_read(&f, (str){text, at});
        CHECK(!f.ok);
        CHECK_INT(f.fault.code, FAULT_LIMIT);
        fixture_end(&f);
        free(text);
    }
}

/* Unknown names are compared by sorting: a hundred thousand of them are no feat. */
static void many_unknown_members(void) {
    enum { N = 100000 };
    char *text = malloc(64 + N * 12);
    int n = snprintf(text, 64, "{\"resourceType\":\"Patient\"");
    for (int i = 0; i < N; i++) n += snprintf(text + n, 16, ",\"x%d\":0", i);
    int twice = n;
    n += snprintf(text + n, 16, ",\"x%d\":0}", N / 2);
    fixture f;
    fixture_read(&f, (str){text, n});
    CHECK(!f.ok);
    CHECK_INT(f.fault.code, FAULT_INPUT);
    fixture_end(&f);
    text[twice] = '}';
    fixture_read(&f, (str){text, twice + 1});
    CHECK(f.ok);
    CHECK_INT(f.found.n, LIMIT_PROBLEMS);
    CHECK_INT(f.found.dropped, N - LIMIT_PROBLEMS);
    fixture_end(&f);
    free(text);
}

/* --- one element --- */

typedef struct element {
    arena *a;
    model_key key;
    model_type type;
    str text;
    bool ok;
    fault fault;
    str json;
} element;

static void element_step(void *state) {
    element *e = state;
    tape_builder b = tape_begin(e->a, model_r4());
    uint32_t root = tape_open(&b, KEY_NONE, TYPE_Observation, NODE_RESOURCE);
    e->ok = read_json_element(&b, e->key, e->type, e->text, &e->fault);
    tape_close(&b, root);
    tape t = tape_finish(&b, (str){0});
    buf out = buf_new(e->a, 1 << 16, "a test's text");
    tape_write_json(&t, 0, true, &out);
    e->json = buf_str(&out);
}

static void check_element(model_key key, model_type type, const char *text, const char *expected) {
    landing where = {0};
    arena a;
    arena_init(&a, 1 << 20, &where);
    element e = {.a = &a, .key = key, .type = type, .text = str_from(text)};
    CHECK(guarded(&where, element_step, &e));
    CHECK_MSG(e.ok == (expected != NULL), "%s: %s", text, e.fault.text);
    if (e.ok && expected) CHECK_BYTES(e.json.p, e.json.n, expected);
    if (!expected) CHECK_BYTES(e.json.p, e.json.n, "{\"resourceType\":\"Observation\"}");
    arena_release(&a);
}

static void single_elements(void) {
    check_element(KEY_status, TYPE_code, "\"final\"",
                  "{\"resourceType\":\"Observation\",\"status\":\"final\"}");
    check_element(KEY_issued, TYPE_instant, "\"2020-01-01T00:00:00Z\"",
                  "{\"issued\":\"2020-01-01T00:00:00Z\",\"resourceType\":\"Observation\"}");
    check_element(KEY_value, TYPE_decimal, "7.50",
                  "{\"resourceType\":\"Observation\",\"value\":7.50}");
    check_element(KEY_value, TYPE_decimal, "\"7.50\"",
                  "{\"resourceType\":\"Observation\",\"value\":7.50}");
    check_element(KEY_value, TYPE_boolean, "\"true\"",
                  "{\"resourceType\":\"Observation\",\"value\":true}");
    check_element(KEY_code, TYPE_Coding, "{\"code\":\"x\"}",
                  "{\"code\":{\"code\":\"x\"},\"resourceType\":\"Observation\"}");
    check_element(
        KEY_category, TYPE_Coding, "[{\"code\":\"x\"},{\"code\":\"y\"}]",
        "{\"category\":[{\"code\":\"x\"},{\"code\":\"y\"}],\"resourceType\":\"Observation\"}");
    check_element(KEY_value, TYPE_decimal, "\"seven\"", NULL);
    check_element(KEY_value, TYPE_decimal, "7.50 1", NULL);
    check_element(KEY_value, TYPE_decimal, "null", NULL);
    check_element(KEY_status, TYPE_code, "[\"final\",null]", NULL);
    check_element(KEY_code, TYPE_Coding, "{\"cod\":\"x\"}", NULL);
    check_element(KEY_code, TYPE_Coding, "", NULL);
}

/* --- samples --- */

/* What the samples' own mistakes are: file, findings. */
static const struct {
    const char *file;
    int findings;
} known_mistakes[] = {
    {"Observation-ex-pain.json", 1},     /* _valueInteger with a value */
    {"TrialMatching_Patient01.json", 1}, /* an id with '_' */
    {"patient_data_missing_histology_morph.json", 9},
    {"patient_data_missing_birthdate_invalid_ecog_karnofsky.json", 1},
};

static void check_sample(const char *path, const char *name) {
    size_t length;
    char *text = unit_read(path, &length);
    if (!text) return;
    int expected = 0;
    for (isize i = 0; i < COUNT_OF(known_mistakes); i++)
        if (!strcmp(name, known_mistakes[i].file)) expected = known_mistakes[i].findings;
    bool lines = str_ends(str_from(name), S(".ndjson"));
    str rest = {text, (isize)length}, line = rest;
    while (lines ? read_next_line(&rest, &line) : line.n > 0) {
        fixture f;
        fixture_read_within(&f, line, NULL, 1 << 30);
        CHECK_MSG(f.ok, "%s: %s", path, f.fault.text);
        CHECK_MSG(f.found.n == expected, "%s: %td findings", path, f.found.n);
        fixture_end(&f);
        if (!lines) break;
    }
    free(text);
}

static int check_folder(const char *folder) {
    DIR *directory = opendir(folder);
    int n = 0;
    for (struct dirent *e; directory && (e = readdir(directory));) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        str name = str_from(e->d_name);
        if (e->d_type == DT_DIR && e->d_name[0] != '.') n += check_folder(path);
        if (!str_ends(name, S(".json")) && !str_ends(name, S(".ndjson"))) continue;
        check_sample(path, e->d_name);
        n++;
    }
    if (directory) closedir(directory);
    return n;
}

static void samples(void) {
    static const char *const folders[] = {
        "samples/synthea-smart-r4",    "samples/mcode-examples",
        "samples/us-core-examples",    "samples/codex-rt-examples",
        "samples/bulk-ndjson-10",      "samples/fhir-r4-spec-examples",
        "samples/fhir-r4-definitions", "samples/clinical-trial-matching",
        "samples/fhir-test-cases"};
    NEED_SHARED("samples/fhir-test-cases");
    for (isize i = 0; i < COUNT_OF(folders); i++) {
        char folder[4096];
        snprintf(folder, sizeof folder, "%s", unit_shared(folders[i]));
        CHECK_MSG(check_folder(folder) > 0, "%s", folders[i]);
    }
}

const unit_test fhir_read_json_suite[] = {UNIT_TEST(documents),
                                          UNIT_TEST(every_prefix_is_refused),
                                          UNIT_TEST(every_memory_ceiling),
                                          UNIT_TEST(a_string_over_the_limit),
                                          UNIT_TEST(a_message_over_the_limit),
                                          UNIT_TEST(depth),
                                          UNIT_TEST(many_unknown_members),
                                          UNIT_TEST(single_elements),
                                          UNIT_TEST(samples),
                                          UNIT_END};
