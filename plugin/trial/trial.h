/* SPDX-License-Identifier: Apache-2.0 */
/* trial.h: the face of the trial room: what a study means. Mapping files become one constant,
 * checked set (views, terminology, studies, site); a message becomes the state of its resources as
 * rows; a patient's rows become the record; a study's criteria over the record become a verdict
 * with its reasons and evidence; a verdict and the Flag's history become the Flag's next state.
 * Everything here is a pure function of its arguments: no file, clock or store. The set is constant
 * after loading and shared by threads. */
#ifndef FHIRTRIAL_TRIAL_TRIAL_H
#define FHIRTRIAL_TRIAL_TRIAL_H

#include "base/digest.h"
#include "view/view.h"

/* --- the mapping set (mappings.c) --- */
typedef struct mapping_file {
    str name; /* relative, '/'-separated */
    str text;
    const char *trouble, *remedy; /* static: it could not be taken, and what to do; or NULL */
} mapping_file;

/* UTC offsets of the site's zone as a table made by the shell from the system's zone data
 * (contracts.md, Time): offset in minutes from `from` on. */
typedef struct zone_rule {
    int64_t from; /* Unix seconds */
    int32_t minutes;
} zone_rule;
typedef struct zone_table {
    str name;
    const zone_rule *rules;
    isize n;
} zone_table;
int zone_minutes(const zone_table *zone, int64_t unix_seconds);

typedef struct mappings mappings;

/* Reads, checks and compiles all files (core, studies, one site). NULL when there was an error in
 * `found`; never half loaded. The files' text must live as long as the set. `digest` may be NULL
 * (tools that store nothing): the set's digests are then empty. `zone` may be NULL: UTC. */
const mappings *mappings_load(arena *arena, const mapping_file *files, isize n,
                              const zone_table *zone, const digest *digest, problems *found);
/* The time zone that site.json names, before anything is loaded: what the shell looks up to make
 * the zone table. Empty when there is none. */
str mappings_timezone(arena *arena, const mapping_file *files, isize n);
/* The finding that this zone is not known, `why`, at its place in site.json. */
problem mappings_timezone_problem(arena *arena, const mapping_file *files, isize n, str why);
/* SHA-256 over the files' names and texts, in name order, and over the zone table: lower-case hex.
 */
str mappings_digest(const mappings *m);
const model *mappings_model(const mappings *m);
const path_terminology *mappings_terminology(const mappings *m);

/* The views that run on resources (not derived), in name order. */
isize mappings_view_count(const mappings *m);
const view *mappings_view(const mappings *m, isize i);
str mappings_view_digest(const mappings *m, isize i);
/* The derived views (on Record), in the order in which they run. */
isize mappings_derived_count(const mappings *m);
const view *mappings_derived(const mappings *m, isize i);

typedef struct study study;
isize mappings_study_count(const mappings *m);
const study *mappings_study(const mappings *m, isize i);

/* A report says how the study was conducted and a rule belongs to a guideline: neither makes
 * anybody eligible. */
typedef enum criterion_kind {
    CRITERION_INCLUSION,
    CRITERION_EXCLUSION,
    CRITERION_REPORT,
    CRITERION_RULE
} criterion_kind;
typedef struct criterion_info {
    str id, text;
    criterion_kind kind;
    bool human, transient, screening, uses_now;
    str pair; /* id of its mirror criterion, or empty */
} criterion_info;

/* "inclusion" "exclusion" "report" "rule" */
str criterion_kind_name(criterion_kind kind);

str study_id(const study *s);
/* From guidelines/: its criteria are rules, any of which asks for a clinical Flag (verdict.c). */
bool study_guideline(const study *s);
str study_title(const study *s);
bool study_open(const study *s);     /* status is active; a closed study inactivates Flags */
str study_flag_text(const study *s); /* neutral text of the Flag's code */
str study_digest(const study *s);
isize study_flag_hold_days(const study *s);
/* Whether time alone may change what flag_circumstances_of says. */
bool study_circumstances_use_now(const study *s);
/* Its parameters with the values in force here: [{"name","siteMustConfirm","value"}], the value
 * null where the site must still set it (settings.c). */
void study_parameters_json(const mappings *m, const study *s, buf *out);
/* What the site declares: {"id","timezone","defaultZone","complete","assertions"}. */
void site_settings_json(const mappings *m, buf *out);
isize study_criterion_count(const study *s);
/* Names of the views that a criterion leans on, at any distance; at most `cap`. */
isize study_criterion_views(const mappings *m, const study *s, isize i, str *names, isize cap);
/* The file of its protocol among the mapping files. */
str study_file(const study *s);
const criterion_info *study_criterion(const study *s, isize i);
/* How the study is conducted: ids in the protocol's order. */
typedef enum schedule_part {
    SCHEDULE_ARM,
    SCHEDULE_SCHEME,
    SCHEDULE_VISIT,
    SCHEDULE_ENDPOINT
} schedule_part;
isize study_schedule_count(const study *s, schedule_part part);
str study_schedule_id(const study *s, schedule_part part, isize i);

/* --- a message's resources (message.c) --- */
typedef enum entry_action { ENTRY_STATE, ENTRY_REMOVE } entry_action;

typedef struct entry_row {
    isize view;
    str cells; /* JSON array, view_cells_json */
} entry_row;

/* One resource of a message, with what the mappings made of it. */
typedef struct entry {
    uint32_t node; /* the resource in the message's tape, TAPE_NONE for a DELETE without a body */
    entry_action action;
    str type, id;    /* identity within the source (contracts.md, Identity) */
    str patient;     /* Patient id it belongs to, or empty: not in the compartment, or no usable
                        reference */
    str version;     /* meta.versionId, or "sha256:..." */
    str content;     /* hex SHA-256 of the canonical resource; empty for a DELETE */
    str updated;     /* meta.lastUpdated, or empty */
    str identifiers; /* Patient only: JSON array of [system, value] */
    str links;       /* Patient only: JSON array of [type, other patient id] */
    const entry_row *rows;
    isize row_count;
    bool reached; /* a view reached it: its bytes are kept */
} entry;

typedef struct message {
    const entry *entries;
    isize n;
    isize resources; /* resources seen, also those without an entry */
} message;

/* Runs the site's code map and all views over the tape of one message. Findings (an unusable entry,
 * a rejected value) are problems; the rest goes on. */
void message_extract(const mappings *m, arena *arena, const tape *tape, const digest *digest,
                     when now, problems *found, message *out);

/* --- the patient record (record.c) --- */
typedef struct record_row {
    str view;
    str source; /* "Observation/x" */
    str version;
    str updated;
    str cells;
    bool stale; /* made by another mapping digest */
} record_row;

/* The record document: root type Record, one element a view row, derived views computed. Rows must
 * be sorted by (view, source, row). `feed` is the source of rows that name none (`Type/id`); empty:
 * not said. */
void record_build(const mappings *m, arena *arena, str feed, const record_row *rows, isize n,
                  when now, problems *found, tape *out);
/* The record as canonical JSON: what the auditor reads, what is hashed, and exactly what the
 * criteria saw. */
void record_json(const tape *record, buf *out);

/* --- criteria and verdicts (criteria.c) --- */
typedef enum result { RESULT_MET, RESULT_NOT_MET, RESULT_UNKNOWN, RESULT_NOT_APPLICABLE } result;
typedef enum reason {
    REASON_NONE,
    REASON_NO_DATA,
    REASON_STALE,
    REASON_IMPRECISE,
    REASON_AMBIGUOUS_SCALE,
    REASON_AMBIGUOUS_SITE,
    REASON_CONFLICT,
    REASON_BAD_UNIT,
    REASON_UNSUPPORTED_CODE,
    REASON_NEEDS_HUMAN,
    REASON_SOURCE_INCOMPLETE,
    REASON_STALE_MAPPING,
    REASON_LIMIT,
    REASON_ERROR
} reason;
typedef enum verdict_kind {
    VERDICT_INELIGIBLE,
    VERDICT_NOT_SCREENED,
    VERDICT_ELIGIBLE,
    VERDICT_NEEDS_REVIEW
} verdict_kind;

/* A person's decision that settled a criterion. */
typedef struct assertion {
    str by, at; /* the author as site.json lists it; FHIR dateTime */
    str source; /* reference, as evidence has them */
    str feed;   /* it came from */
} assertion;

typedef struct finding {
    const criterion_info *criterion;
    result result;
    reason reason;
    str detail;          /* which expression or limit, no patient value; or empty */
    const str *evidence; /* "Observation/x/_history/3" or "Observation/x" where it has no version */
    isize evidence_count;
    const assertion *asserted; /* a person's decision that gave the result, or NULL */
    const char *ignored;       /* why a person's decision on record does not count, or NULL */
} finding;

typedef struct contradiction {
    str id, text;
} contradiction; /* e.g. C1: two criteria of the study contradict each other here */

/* What ends a Flag whatever the criteria say. */
typedef struct flag_circumstances {
    bool dead, test_patient, consent_denied, enrolled, study_closed, error_command;
} flag_circumstances;

typedef struct verdict {
    const study *study;
    verdict_kind kind;
    const finding *findings; /* one a criterion, in the protocol's order */
    isize n;
    isize met, not_met, unknown, not_applicable;
    const contradiction *contradictions;
    isize contradiction_count;
    bool only_transient_failed; /* every criterion that now fails or went unknown is declared
                                   transient */
    bool stale_mapping;
    flag_circumstances circumstances;
} verdict;

str result_name(result r);        /* "met" "not-met" "unknown" "not-applicable" */
str reason_name(reason r);        /* "no-data" ... */
str verdict_name(verdict_kind k); /* "ineligible" "not-screened" "eligible" "needs-review" */

void verdict_decide(const mappings *m, const study *s, arena *arena, const tape *record, when now,
                    verdict *out);
void verdict_json(const verdict *v, buf *out);

/* --- how the study went for one subject (visits.c, endpoints.c) --- */
/* A visit of the protocol: the day it is due and the days that count for it, both ends included;
 * dates without a time, in the record's own zones (`effective.toDate()`). */
typedef struct visit_window {
    str id, title;
    isize number;          /* place in the protocol, from 1 */
    bool anchored, placed; /* anchor and due, from and to, are known */
    when anchor, due, from, to;
    reason reason;      /* why it is not placed */
    const char *detail; /* or NULL */
} visit_window;

typedef enum outcome {
    OUTCOME_MET,
    OUTCOME_NOT_MET,
    OUTCOME_UNKNOWN,
    OUTCOME_NOT_APPLICABLE,
    OUTCOME_MEASURED /* an endpoint that asks for a value and no yes or no */
} outcome;
str outcome_name(outcome o); /* "met" "not-met" "unknown" "not-applicable" "measured" */

typedef struct endpoint_finding {
    str endpoint, visit; /* ids; no visit: asked once */
    outcome outcome;
    reason reason;
    str detail;                  /* no patient value; or empty */
    str baseline, value, change; /* as FHIR writes them; empty: none */
    const str *evidence;         /* as in a finding of a criterion */
    isize evidence_count;
} endpoint_finding;

/* What the protocol makes of a row of the record: it belongs to a visit, is a baseline, or was
 * given by a dose scheme. */
typedef enum mark_kind { MARK_VISIT, MARK_BASELINE, MARK_SCHEME } mark_kind;
typedef struct row_mark {
    mark_kind kind;
    str view, source; /* the first source of a derived row */
    isize at;         /* of the visit or scheme in the protocol */
} row_mark;

typedef struct conduct {
    const study *study;
    str arm; /* id, or empty */
    str arm_title;
    reason arm_reason; /* why the arm is not known, where the study has arms */
    const visit_window *visits;
    isize visit_count;
    const endpoint_finding *findings; /* in the protocol's order, visit by visit */
    isize n;
    const row_mark *marks;
    isize mark_count;
} conduct;

/* Evaluates arm, visits and endpoints of a study over one record; nothing is guessed: what is
 * missing, imprecise or ambiguous is unknown with its reason. */
void conduct_evaluate(const mappings *m, const study *s, arena *arena, const tape *record, when now,
                      conduct *out);
/* {"arm","armReason","visits":[…],"endpoints":[…]} (docs/abi.md). */
void conduct_json(const conduct *c, buf *out);
/* What is asked of every subject: {"arms":[…],"visits":[…],"endpoints":[…]}. */
void study_conduct_json(const study *s, buf *out);

/* --- the Flag's life (flag.c) --- */
typedef enum flag_status {
    FLAG_ABSENT,
    FLAG_ACTIVE,
    FLAG_INACTIVE,
    FLAG_ENTERED_IN_ERROR
} flag_status;
typedef struct flag_state {
    flag_status status;
    verdict_kind code; /* VERDICT_ELIGIBLE or VERDICT_NEEDS_REVIEW */
    str start, end;    /* period, instants */
    str hold_since;    /* when a transient failure began, or empty */
} flag_state;

/* What the record says of the person and the study of itself: all but the command. For who needs no
 * verdict; verdict_decide gives the same. */
flag_circumstances flag_circumstances_of(const mappings *m, const study *s, arena *arena,
                                         const tape *record, when now);

typedef enum flag_change {
    FLAG_KEEP,
    FLAG_WRITE,
    FLAG_HOLD /* remember hold_since, write nothing */
} flag_change;
/* The transition table of contracts.md (Flag life), first row that holds; *why names the row
 * ("ineligible", "dead", ...), static. */
flag_change flag_next(const flag_state *now_state, const verdict *v, flag_circumstances c,
                      int hold_days, when now, arena *arena, flag_state *next, const char **why);
/* The end of a period that began at `start`: now, or `start` where the clock has gone back behind
 * it, for no server takes a Flag that ends before it begins (R4 invariant per-1). */
str flag_end(arena *arena, str start, when now);

typedef struct flag_target {
    str subject;                       /* "Patient/123" as the endpoint knows it */
    str subject_system, subject_value; /* when `subject` is empty: a logical reference that the
                                          sender resolves at the endpoint */
    str identifier_system, identifier_value;
    str code_system;                                                /* of the two local codes */
    str author_display, author_system, author_value, author_device; /* device reference or empty */
} flag_target;
/* The R4 Flag as compact JSON, neutral (no narrative, no value, no display in flag-detail).
 * `evidence`: references that live on that endpoint, capped at 50. */
void flag_write(const study *s, const flag_state *state, const flag_target *target,
                const str *evidence, isize n, buf *out);
/* Lower-case version-8 UUID from HMAC-SHA-256(site key, "flag" 1F endpoint 1F study 1F patient
 * key). */
bool flag_identifier(const digest *d, str site_key, str endpoint, str study, str patient_key,
                     char uuid[36]);
/* The same over "export" and these parts: a name of the scope (a study, or empty), what kind of
 * thing is named, and the thing. Another label, so that no export can be joined to a Flag. */
bool export_pseudonym(const digest *d, str site_key, str scope, str kind, str thing, char uuid[36]);

/* --- what leaves in an export (dataset.c, export_document.c) --- */
/* How a value leaves. A key stands for a text that could name a person or a resource: it is
 * replaced by a keyed hash; a year is what is left of a date; a number is kept only where the text
 * is one. */
typedef enum leaving { LEAVE_PLAIN, LEAVE_YEAR, LEAVE_KEY, LEAVE_NUMBER, LEAVE_NOT } leaving;
typedef enum dataset_type {
    DATASET_STRING,
    DATASET_INTEGER,
    DATASET_DECIMAL,
    DATASET_DATETIME /* ISO 8601, as precisely as it is known */
} dataset_type;

typedef struct dataset_column {
    str name, label;
    dataset_type type;
    int key;       /* place among the keys that identify and sort a row, from 1; 0: none */
    bool sequence; /* the row's number within its subject, made when the rows are sorted */
    leaving leaving;
    isize cell; /* in the view's rows; -1 for a sequence */
} dataset_column;

/* A table for the world of trials (core/exports): a view on the type Export, which is the record
 * with `export`, `criterion` and `mark` beside the views' rows, and what its columns are called. */
typedef struct dataset {
    str name, label;
    bool of_study; /* rows of the study, not of a subject: no record is read */
    const dataset_column *columns;
    isize column_count;
    const view *view;
} dataset;

/* In name order. */
isize mappings_dataset_count(const mappings *m);
const dataset *mappings_dataset(const mappings *m, isize i);
/* How a column of a record's view leaves: what core/exports says of it, else by its type (a date
 * leaves as its year; texts and references do not). */
leaving mappings_leaving(const mappings *m, str view, str column, model_type type);
/* The site's id, or empty. */
str mappings_site(const mappings *m);
/* The study's protocol.json. */
const json *study_document(const study *s);

/* What an export says of a subject beside the record; empty texts are absent. */
typedef struct export_facts {
    str subject;   /* pseudonym */
    str evaluated; /* instant */
    bool enrolled;
    const verdict *verdict; /* NULL: none was asked for */
    const conduct *conduct; /* arm, and the visits of rows; NULL: none was asked for */
} export_facts;
/* Whether every row could be made by the mappings in force, and every derived view. */
bool record_whole(const mappings *m, const tape *record);
/* The document that datasets read: root type Export, without the rows that say nothing (stale,
 * error). `record` may be NULL (datasets of a study). */
void export_document(const mappings *m, const study *s, arena *arena, const tape *record,
                     const export_facts *facts, tape *out);
/* Runs one dataset over that document; `row` gets the cells in the view's order and the run for
 * item_text. `s` gives %screening; it may be NULL. */
view_status dataset_rows(const mappings *m, const dataset *d, const study *s, arena *arena,
                         const tape *document, when now,
                         void (*row)(void *self, path_run *run, const view_row *cells), void *self,
                         str *column);

#endif
