/* SPDX-License-Identifier: Apache-2.0 */
/* read_state.h: what the files of the JSON reader share. The text is indexed and known to be JSON
 * when they run. read_json.c reads values straight onto the tape; read_mend.c puts an object's
 * children in order afterwards where JSON's shape differs from the tape's: `_x` members, nulls that
 * align them, a choice given twice; read_names.c finds names given twice where the model was not
 * asked about them; read_need.c tells whether a resource can be wanted at all. Internal. */
#ifndef FHIRTRIAL_FHIR_READ_STATE_H
#define FHIRTRIAL_FHIR_READ_STATE_H

#include "fhir/grammar.h"
#include "fhir/place.h"
#include "fhir/projection.h"

typedef struct reader {
    token_index *index;
    tape_builder tape;
    problems *found;
    const projection *keep;
    isize max_string;
    bool text_for_all; /* a primitive may be spelt as a JSON string whatever its type */
    bool unwanted;     /* nobody wants this message */
    const char *beg;   /* of the text, before a byte-order mark: offsets count from here */
    fault *fault;
} reader;

/* A `_x` member, left for the end of its object. */
typedef struct late late;
struct late {
    late *next;
    const model_spelling *member;
    str name;        /* with the underscore */
    uint32_t value;  /* token */
    uint32_t before; /* the tape's length when it was met */
    bool done;
};

/* A choice that was given more than one type: none of them is used. */
typedef struct conflict conflict;
struct conflict {
    conflict *next;
    model_key key;
};

/* An object that is being read. */
typedef struct object {
    const place *place;
    const keep *keep; /* NULL: everything */
    late *late;       /* in the order of the text */
    late *last_late;
    conflict *conflicts;
    uint32_t first;      /* the token behind its brace */
    int noted, doubtful; /* names that were not looked up; that may have been met before */
    model_type type;
    bool resource, typed;              /* a resource; its resourceType was read */
    bool mend;                         /* children have to be put in order at the end */
    uint64_t seen[MODEL_MEMBERS / 64]; /* ordinals of members */
    uint64_t names[4]; /* marks of names that were not looked up, once there is one */
} object;

/* Field by field: filling a whole structure with zeros takes longer than most objects. */
static inline void object_begin(object *o, const place *place, const keep *keep, model_type type,
                                bool resource) {
    o->place = place;
    o->keep = keep;
    o->late = o->last_late = NULL;
    o->conflicts = NULL;
    o->noted = o->doubtful = 0;
    o->type = type;
    o->resource = resource;
    o->typed = o->mend = false;
    for (int i = 0; i < COUNT_OF(o->seen); i++) o->seen[i] = 0;
}

/* Marks in node.reserved while an object is open; a finished tape has zeros. */
enum { HOLE = 1 /* a null or a rejected value in an array: keeps `_x` aligned */, REPORTED = 2 };

/* Instead of the token behind a value: the fault is set. No value ends before token 1. */
enum { READ_FAULT = 0 };

static inline const char *read_at(const reader *r, uint32_t token) {
    return r->index->text + r->index->at[token];
}
/* The text of the string at `token`, in the arena when it held escapes. */
str read_string(const reader *r, uint32_t token);

/* Reads the members of the object at token `t` onto the tape; gives the token behind the object. */
uint32_t read_members(reader *r, uint32_t t, object *o);
/* Children of `o` begin at tape index `first`. False: the fault is set. */
bool read_mend(reader *r, object *o, uint32_t first);

/* Notes the name at `token`, about which the model was not asked or knows nothing. False, with the
 * fault: the object had it before. */
bool read_note_name(reader *r, object *o, uint32_t token, str name, model_words words);
/* At the object's end: false, with the fault, when a name that was noted had been met before. */
bool read_names_end(reader *r, object *o);
/* Sets the fault for the name at `token`. */
uint32_t read_fail_duplicate(reader *r, uint32_t token);

/* Whether one of the texts stands where it is needed in the resource at `token`; in doubt, yes. */
bool read_needed(const reader *r, uint32_t token, const need *needs);

/* The text behind a byte-order mark. */
str read_without_mark(str bytes);
/* False with a fault when the message is larger than the options allow. */
bool read_size_ok(str bytes, const read_options *options, fault *fault);
/* A finding at `at` in the text. */
void read_problem(reader *r, const place *place, const char *at, const char *code, const char *text,
                  const char *remedy);

#endif
