/* SPDX-License-Identifier: Apache-2.0 */
/* set.h: the trial room's own picture of a loaded mapping set, shared by its files and by nobody
 * else. Everything is made at configuration time in the set's arena and constant afterwards.
 *
 * Views are numbered once for the whole set: the stored ones in name order first, so that their
 * numbers are those of mappings_view(), then the derived ones in the order in which they run. */
#ifndef FHIRTRIAL_TRIAL_SET_H
#define FHIRTRIAL_TRIAL_SET_H

#include "fhir/read.h"
#include "trial/trial.h"

/* --- terminology --- */
typedef struct term_row {
    str system, code;   /* what is looked up */
    path_coding target; /* maps only */
    isize order;        /* place in the file: results come in this order */
} term_row;

typedef enum term_state { TERM_NEW, TERM_BUSY, TERM_READY } term_state;

/* A value set or a concept map: rows sorted by code, system and order. */
typedef struct term_table {
    str url, file;
    const json *definition;
    term_row *rows;
    isize n, cap;
    str *systems; /* value sets: systems taken whole */
    isize system_count;
    term_state state;
    bool used; /* some other file mentions it; for `check` */
} term_table;

typedef struct terminology {
    term_table *sets, *maps;
    isize set_count, map_count;
    term_table site_codes; /* the site's code map: rows of every site map that extends no other */
    path_terminology face;
} terminology;

/* --- one mapping file --- */
typedef enum file_kind {
    FILE_OTHER,
    FILE_VIEW,
    FILE_VALUE_SET,
    FILE_CONCEPT_MAP,
    FILE_SITE_MAP,
    FILE_PROTOCOL,
    FILE_SITE,
    FILE_EXPORT
} file_kind;

typedef struct set_file {
    str name, text;
    file_kind kind;
    str study;      /* folder under studies/ or guidelines/, else empty */
    bool guideline; /* under guidelines/ */
    const json *root;
} set_file;

/* --- views as elements of the record --- */
enum { VIEW_WORDS = 4, VIEW_MOST = VIEW_WORDS * 64 };
typedef struct view_mask {
    uint64_t words[VIEW_WORDS];
} view_mask;

typedef struct record_view {
    str name;
    const set_file *file;
    const view *view;
    bool derived;
    isize study;        /* whose parameters a derived view sees, or -1 */
    model_key key;      /* the element of Record */
    model_type type;    /* its type, "Record.<name>" */
    model_key *columns; /* one a column */
    view_mask needs;    /* views it depends on, itself included */
    bool unset;         /* uses a parameter that the site must confirm and has not */
    bool now;           /* time alone can change its rows */
    str digest;
} record_view;

/* What an expression or a view mentions: views, unset parameters, the clock. */
typedef struct expression_facts {
    view_mask views;   /* by number, as mentioned */
    view_mask defines; /* of the study, by number */
    bool unset, now;
} expression_facts;
/* --- site.json --- */
/* Whose decisions on criteria count (assertion.c). */
typedef struct assertion_author {
    str source, performer;
    const json *studies; /* ids, or NULL: of every study */
} assertion_author;

typedef struct site {
    const set_file *file;
    const json *root;
    str id, timezone, default_zone;
    assertion_author *authors;
    isize author_count;
} site;

/* Where the record has decisions of people: the view `assertion`, or -1, and its columns. */
typedef struct assertion_view {
    isize view;
    model_key effective, study, criterion, answer, performer, source;
} assertion_view;

/* --- studies --- */
/* Names every expression over the record may use, before the study's parameters. */
enum { NAME_TODAY, NAME_NOW, NAME_SCREENING, NAME_FIRST_PARAMETER };

typedef struct unknown_rule {
    const program *when;
    reason reason;
} unknown_rule;

typedef struct criterion {
    criterion_info info;
    const program *applies, *evidence, *met, *not_met;
    unknown_rule *unknown;
    isize unknown_count;
    result absent;   /* RESULT_UNKNOWN, or what it counts as: the site's claim is checked already */
    bool unset;      /* uses a parameter that the site must confirm and has not */
    view_mask needs; /* views it depends on, at any distance */
    view_mask defines; /* defines it depends on, at any distance */
} criterion;

/* A named expression of the protocol: worked out once a run, in the order of the file. */
typedef struct define {
    const program *program;
    expression_facts facts; /* with those of the defines it mentions */
} define;

typedef struct circumstance_rule {
    const program *when;
    view_mask defines;
    bool now; /* time alone may change it */
} circumstance_rule;

typedef struct contradiction_rule {
    contradiction shown;
    const program *when;
} contradiction_rule;

/* --- how a study is conducted (schedule.c) --- */
typedef struct measure {
    const program *program; /* NULL: not written */
    expression_facts facts; /* with those of the views it mentions, at any distance */
} measure;

typedef struct scheme {
    str id, text;
    item dose, fractions;
    measure rows; /* the radiotherapy rows that were given by this scheme */
} scheme;

typedef struct arm {
    str id, title;
    measure assigned; /* never inferred from the treatment received */
    isize *schemes;
    isize scheme_count;
} arm;

/* The day from which visits are counted: of one arm, or of all (-1). */
typedef struct anchor {
    str id;
    isize arm;
    measure date;
} anchor;

typedef struct visit {
    str id, title, anchor;
    item offset;         /* a Quantity in calendar units */
    isize before, after; /* parameters by number; unset ones leave the visit without a window */
} visit;

/* Names that an endpoint's expressions may use, after those of the study. */
enum {
    ENDPOINT_ANCHOR,
    ENDPOINT_FROM, /* first and last day of the visit's window */
    ENDPOINT_TO,
    ENDPOINT_ARM,
    ENDPOINT_VISIT,
    ENDPOINT_ROWS, /* what the endpoint's own expressions gave, in this order */
    ENDPOINT_BASELINE,
    ENDPOINT_VALUE,
    ENDPOINT_CHANGE,
    ENDPOINT_NAMES
};

/* Evaluated at each of its visits, or once. */
typedef struct endpoint {
    str id, text, role, anchor, incomplete;
    bool human, count; /* count: its values are numbers of events, which a total adds up */
    isize *visits;
    isize visit_count;
    measure applies, rows, evidence, baseline, value, change, met, not_met;
    unknown_rule *unknown;
    isize unknown_count;
    expression_facts facts; /* of all of them */
} endpoint;

struct study {
    const set_file *file;
    str id, title, identifier_system, identifier_value, flag_text, digest;
    bool open, guideline;
    isize hold_days;
    path_constant *names; /* NAME_TODAY .. then the parameters */
    collection *values;   /* of all names; those before the parameters are set at run time */
    bool *unset, *used;   /* parameters that wait for the site; names that some expression uses */
    isize name_count, define_first; /* names from define_first on are defines */
    define *defines;
    criterion *criteria;
    isize criterion_count;
    contradiction_rule *contradictions;
    isize contradiction_count;
    scheme *schemes;
    arm *arms;
    anchor *anchors;
    visit *visits;
    endpoint *endpoints;
    isize scheme_count, arm_count, anchor_count, visit_count, endpoint_count;
    const program *screening_date;
    circumstance_rule dead, test_patient, consent_denied, enrolled;
};

/* What core/exports says of the columns of the record's views. */
typedef struct leaving_rule {
    str column; /* "column" of every view, or "view.column" */
    leaving leaving;
} leaving_rule;

/* Keys and types of Export, beside those of Record. */
enum {
    EXPORT_STUDY,
    EXPORT_STUDY_NUMBER,
    EXPORT_STUDY_TITLE,
    EXPORT_CRITERIA_VERSION,
    EXPORT_SITE,
    EXPORT_SUBJECT,
    EXPORT_EVALUATED,
    EXPORT_ENROLLED,
    EXPORT_VERDICT,
    EXPORT_ARM,
    EXPORT_ARM_TITLE,
    CRITERION_ID,
    CRITERION_KIND,
    CRITERION_TEXT,
    CRITERION_RESULT,
    CRITERION_REASON,
    MARKED_KIND, /* what the protocol makes of a row: visit, baseline, scheme */
    MARKED_VIEW,
    MARKED_SOURCE,
    MARKED_ID,
    MARKED_TITLE,
    MARKED_NUMBER,
    EXPORT_KEYS
};
typedef struct export_model {
    model_type root, head, criterion, mark;
    model_key key_head, key_criterion, key_mark, keys[EXPORT_KEYS];
} export_model;

struct mappings {
    arena *arena;
    set_file *files;
    isize file_count;
    const zone_table *zone;
    model *model;
    terminology terms;
    site site;
    record_view *views;
    isize view_count, stored_count;
    const projection *reach; /* what the stored views can see of a resource */
    study *studies;
    isize study_count;
    dataset *datasets;
    isize dataset_count;
    leaving_rule *leaving;
    isize leaving_count;
    export_model export;
    model_type record_type;
    model_key key_source, key_version, key_updated, key_stale, key_error, key_failed, key_feed;
    assertion_view assertions;
    str digest;
};

/* What loading needs at hand. */
typedef struct loader {
    arena *arena;
    mappings *set;
    problems *found;
} loader;

/* A problem at `where` in a mapping file. `code` and `level` as in problem.h. */
void set_problem(loader *l, problem_level level, const set_file *file, const json *where,
                 const char *code, str text, str remedy);
/* The remedy where a value has not this form. */
str set_form(json_kind kind);
/* Every member of a FHIR resource in a mapping file must be an element of its R4 type: reports the
 * others with a suggestion (lint.c). */
void set_lint(loader *l, const set_file *file, const json *object, model_type type);
/* Calls `word` for each identifier of a FHIRPath expression that stands outside of quotes;
 * `percent` tells %name from name (words.c). */
void set_words(str expression, void (*word)(void *self, str name, bool percent), void *self);
/* Calls set_words on every string of a JSON value. */
void set_words_of(const json *value, void (*word)(void *self, str name, bool percent), void *self);
/* The first string in the value that mentions one of the words, as a name of the record or, with
 * `percent`, as %name; or NULL. */
const json *set_mention_of(const json *value, const str *words, isize n, bool percent);
/* Whether `text` occurs in some string of the value. */
bool set_mentions(const json *value, str text);

void mask_add(view_mask *mask, isize view);
void mask_join(view_mask *mask, const view_mask *other);
bool mask_has(const view_mask *mask, isize view);
bool mask_meets(const view_mask *a, const view_mask *b);

/* Reads all value sets and concept maps (terminology.c). */
void terminology_load(loader *l);
/* Targets of a coding in the site's code map, at most `cap`; how many there are. */
isize terminology_site_codes(const mappings *m, str system, str code, path_coding *out, isize cap);
/* Reports urls in constants that no table has. */
void terminology_check(loader *l);
/* Warns of tables that nothing mentions. */
void terminology_unused(loader *l);
/* Reads site.json, if there is one (site.c). */
void site_load(loader *l);
/* Whether the site declares the view complete; its parameter value, or NULL. */
bool site_complete(const site *s, str view);
const json *site_parameter(const site *s, str study, str name);
/* Checks what site.json says of views and studies once these are known. */
void site_check(loader *l);
/* The authors that site.json lists, and the view that their decisions come in (assertion.c). */
void assertion_authors_read(loader *l, const json *list);
void assertion_view_find(loader *l);
/* Warns of what cannot be meant, in a set without errors (advice.c). */
void advice_give(loader *l);
/* Makes the record's model from all views' declarations and compiles them (views.c). */
void views_load(loader *l);
/* The view's number, or -1. */
isize views_find(const mappings *m, str name);
/* The type Export, once Record is whole (export_document.c); then the datasets and what leaves of
 * the record (dataset.c). */
void export_model_make(mappings *m);
void datasets_load(loader *l);
/* Warns of columns that core/exports names and no view has. */
void datasets_unused(loader *l);
/* First pass: heads and parameters, needed by the views of a study; second pass: expressions. */
void protocols_read(loader *l);
void protocols_compile(loader *l);
/* Compiles the criteria and contradictions of one study (criterion.c). */
void criteria_compile(loader *l, study *s);
/* Reads the "unknown" list of a criterion or an endpoint, in place; expressions see the names of
 * `scope`, which may be more than those of the study. */
unknown_rule *criteria_unknown(loader *l, const study *scope, const study *s,
                               const json *definition, isize *count);
/* Reads arms, schemes, anchors, visits and endpoints (schedule.c). */
void schedule_compile(loader *l, study *s);
/* Warns of visits that an arm cannot have and of windows that overlap (schedule_check.c). */
void schedule_check(loader *l, const study *s);
/* Compiles an expression over the record with the study's names; NULL after an error. A `boolean`
 * one must be able to give a Boolean. */
const program *study_expression(loader *l, const study *s, const json *text, bool boolean);
/* Adds the facts of one JSON value's strings; `s` may be NULL (core views). Marks names used. */
void expression_facts_add(const mappings *m, const study *s, const json *value,
                          expression_facts *out);
/* The names before the parameters, with their types (parameter.c). */
void common_names(const model *m, path_constant names[NAME_FIRST_PARAMETER]);
/* Reads a parameter's value; false when it is no value of the type (parameter.c). */
bool parameter_value(arena *arena, const json *value, str type, item *out);
/* What to do about a value that is none of the type. */
str parameter_remedy(arena *arena, const json *value, str type);
/* The calendar unit of a Quantity, by its word or its UCUM code; false for what is finer than a
 * day, which moves no date (parameter.c). */
bool parameter_days(const quantity_value *q, when_unit *unit);

/* The row of a view that could not be made: nulls, and one cell more that says so. A criterion on
 * such a view is unknown: data nobody could read is not absent data. */
str record_error_cells(arena *arena, isize columns);
/* The day of a moment, as it is written in its own zone; a value as a collection of one item
 * (record.c). */
when record_day(when moment);
collection record_when(arena *arena, item_kind kind, when value);
/* Sets up a run over a record, with the parameters of a study (or only the first three names)
 * bound. */
void record_run_init(const mappings *m, const study *s, arena *arena, const tape *record, when now,
                     path_run *run);
/* Works out the study's defines for a run that record_run_init has set up, and binds them too;
 * those that ended in an error or at a limit are empty and marked. */
void record_run_defines(const study *s, path_run *run, view_mask *errors, view_mask *limits);

#endif
