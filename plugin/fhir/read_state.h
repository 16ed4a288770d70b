/* SPDX-License-Identifier: Apache-2.0 */
/* read_state.h: what the files of the JSON reader share. read_json.c reads values straight onto the
 * tape; read_mend.c puts an object's children in order afterwards where JSON's shape differs from
 * the tape's: `_x` members, nulls that align them, a choice given twice. Internal. */
#ifndef FHIRTRIAL_FHIR_READ_STATE_H
#define FHIRTRIAL_FHIR_READ_STATE_H

#include "fhir/model_table.h"
#include "fhir/place.h"
#include "fhir/projection.h"
#include "fhir/scan.h"

typedef struct reader {
    scan scan;
    tape_builder tape;
    problems *found;
    const projection *keep;
    isize max_string;
    bool text_for_all; /* a primitive may be spelt as a JSON string whatever its type */
} reader;

/* A `_x` member, left for the end of its object. */
typedef struct late late;
struct late {
    late *next;
    const model_spelling *member;
    str name;        /* with the underscore */
    const char *at;  /* of the value */
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
    str *unknown; /* names that the model does not know, for the check of duplicates */
    isize n_unknown, cap_unknown;
    model_type type;
    bool resource, typed; /* a resource; its resourceType was read */
    bool mend;            /* children have to be put in order at the end */
    uint64_t seen[MODEL_MEMBERS / 64];
} object;

/* Marks in node.reserved while an object is open; a finished tape has zeros. */
enum { HOLE = 1 /* a null or a rejected value in an array: keeps `_x` aligned */, REPORTED = 2 };

/* Reads the members of an object, from its brace to past the closing one, onto the tape.
 * False: the fault is set. *empty tells an object without members. */
bool read_members(reader *r, object *o, bool *empty);
/* Children of `o` begin at tape index `first`; the scan stands at the closing brace. */
bool read_mend(reader *r, object *o, uint32_t first);

/* False with a fault when the message is larger than the options allow. */
bool read_size_ok(str bytes, const read_options *options, fault *fault);
/* A finding at `at` in the text. */
void read_problem(reader *r, const place *place, const char *at, const char *code, const char *text,
                  const char *remedy);

#endif
