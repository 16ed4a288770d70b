/* SPDX-License-Identifier: Apache-2.0 */
/* work.h: one message (or one patient of a sweep) on its way from bytes to commit. The steps fill
 * one `work`: read (process.c), resources (resources.c), who is affected (group.c), verdicts
 * (decide.c), Flags (flags.c), the result document (result.c). Everything lies in the work's arena,
 * so a step that gives up leaves nothing behind. */
#ifndef FHIRTRIAL_WORK_H
#define FHIRTRIAL_WORK_H

#include "index.h"
#include "instance.h"

typedef struct ignored {
    str reference;
    const char *why; /* "older", "same" */
} ignored;

/* One person: the patients of all sources that are linked to each other, with what the store and
 * this message know of them. */
typedef struct member {
    patient_ref ref;
    patient_state state;
    str identifiers, links; /* in force after this message: JSON arrays, or empty */
    bool replaced;          /* has a link `replaced-by` */
} member;
typedef struct group {
    member *members;
    isize n;
    member *canonical; /* the one without replaced-by, else the least bytewise */
} group;

/* What a Patient of this message says of another: a link to the id `value` (`system` is empty), or
 * an identifier by which two may be one. */
typedef struct tie {
    str system, value;
    isize write;
} tie;

typedef struct decided {
    const group *group;
    str document; /* verdict_json */
    bool changed;
} decided;

typedef struct queued_flag {
    str endpoint, study, identifier;
    patient_ref patient;
    const char *status, *why;
    str code;
    bool queued;
} queued_flag;

/* An array that grows in the work's arena. */
#define LIST(T)                                                                                    \
    struct {                                                                                       \
        T *at;                                                                                     \
        isize n, cap;                                                                              \
    }

/* How far the reading of a message's bytes came; stopped: by a limit or a defect; quarantined: not
 * begun, because it ended the process before. */
typedef enum work_read { WORK_UNREAD, WORK_READ, WORK_READ_STOPPED, WORK_QUARANTINED } work_read;

typedef struct work {
    instance *instance;
    configuration *c;
    arena arena;
    arena person; /* what one person's decision needs on the way; cleared before the next */
    landing landing;
    fault fault;         /* of the store */
    store_status status; /* of the store */
    str bytes;
    const message_meta *meta;    /* NULL in a sweep */
    const patient_ref *patient;  /* of a sweep */
    const stale_resource *stale; /* of a sweep */
    work_read read;
    str source;
    uint8_t sha256[DIGEST_BYTES];
    bool hashed; /* sha256 is there */
    int64_t clock;
    when now;
    str now_text;
    problems found;
    tape tape;
    message message;
    LIST(ignored) ignored;
    LIST(resource_write) writes;
    LIST(patient_ref) touched;
    list_index write_by_id, write_by_patient, touched_by_id, tie_by_key, grouped_by_id;
    LIST(tie) ties;
    LIST(rev_check) revs;
    LIST(group) groups;
    LIST(decided) decisions;
    LIST(verdict_write) verdicts;
    LIST(flag_write_row) flags;
    LIST(queued_flag) queued;
    LIST(decided_patient) due;
    LIST(str) audit;
    bool moot;             /* what a sweep was to make again is not in force any more */
    bool again;            /* time alone may change what was decided of the person at hand */
    str study, reason;     /* of the operator's command or question */
    const export_job *job; /* of an export */
    int32_t code;
    str document;
} work;

/* Appends to a LIST of the work and gives the new element, zeroed. */
#define PUSH(w, list) PUSH_IN(&(w)->arena, list)
#define PUSH_IN(memory, list)                                                                      \
    ((list).n == (list).cap                                                                        \
         ? (void)((list).at =                                                                      \
                      arena_grow((memory), (list).at, (list).n, (list).cap ? 2 * (list).cap : 8,   \
                                 (isize)sizeof *(list).at, (isize) _Alignof(max_align_t)),         \
                  (list).cap = (list).cap ? 2 * (list).cap : 8)                                    \
         : (void)0,                                                                                \
     &(list).at[(list).n++])

/* One message in steps (process.c), for batch.c: opened with its own arena (NULL: no memory); read
 * where that is wanted before it is decided; looked up, decided and written; answered once that is
 * durable; closed. `bytes` and `meta` outlive it. */
work *message_open(instance *instance, str bytes, const message_meta *meta, int64_t clock);
void message_read(work *w);
void message_decide(work *w);
/* Instead of deciding: the store could not take it. */
void message_fail(work *w, store_status status, const fault *why);
reply message_reply(work *w);
void message_close(work *w);

/* Each returns false when the store failed: w->status and w->fault say how. They raise at
 * w->landing. */
bool work_resources(work *w); /* message -> writes, ignored, touched */
/* One kept resource again, whatever its order: -> writes, touched. False when its bytes no longer
 * hold it. */
bool work_restate(work *w, const stale_resource *stale);
/* Whether the store still holds that state of it. Asked after work_groups: only what is read behind
 * a rev is vouched for by the rev. */
bool work_in_force(work *w, const stale_resource *stale, bool *yes);
bool work_groups(work *w); /* touched -> groups, revs */
bool work_decide(work *w); /* groups -> decisions, verdicts, flags */
bool work_flags(work *w, const group *group, const study *study, const verdict *verdict,
                flag_circumstances circumstances);
/* The first group's record -> document. */
bool work_record(work *w, isize *rows);
/* The rows that the first group's record is made of, sorted for it. */
bool work_rows(work *w, const record_row **rows, isize *n);
/* The first group's share of the export w->job, where the sweep's patient is the one the person
 * goes by -> document (exporting.c). */
bool work_export(work *w);
/* Every Flag that the first group has or had for the study under one of its keys, as objects of
 * store_flag_json joined by commas. */
bool work_flags_json(work *w, const study *study, buf *out);
/* The verdicts of the sweep's patient, of w->study or (empty) of all studies, with their Flags ->
 * document (explaining.c). */
bool work_explain(work *w);
/* Arm, visits and endpoints of the first group's person for the study w->study, where the sweep's
 * patient is the one the person goes by -> document (conducting.c). */
bool work_conduct(work *w);
/* The operator's command: every Flag of the first group for the study becomes entered-in-error ->
 * flags. */
bool work_flag_error(work *w, str study, str reason);
void work_result(work *w); /* -> document */
void work_touch(work *w, patient_ref patient);
/* The write of this message for a resource of its source, or NULL. */
resource_write *work_write(const work *w, str type, str id);
bool patient_same(patient_ref a, patient_ref b);
/* The Patient resource this message writes for `patient`, or NULL. */
const resource_write *work_patient_write(const work *w, patient_ref patient);
str reference_text(arena *arena, str type, str id);

#endif
