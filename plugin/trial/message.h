/* SPDX-License-Identifier: Apache-2.0 */
/* message.h: what the files that take a message apart share: where its resources are, who they are
 * and how references inside it lead to them. For one call of message_extract, in its arena. */
#ifndef FHIRTRIAL_TRIAL_MESSAGE_H
#define FHIRTRIAL_TRIAL_MESSAGE_H

#include "trial/set.h"

/* One resource of the message, before and while it becomes an entry. */
typedef struct part {
    uint32_t resource; /* root node, or TAPE_NONE for a DELETE without a body */
    uint32_t wrapper;  /* Bundle.entry, or TAPE_NONE */
    str full_url;
    bool refused; /* has an id that nobody can refer to: is not used */
    entry entry;
} part;

/* An identifier of a Patient of the message; chained by the hash of its value. */
typedef struct known_identifier {
    str system, value;
    const part *patient;
    isize next; /* number + 1 of the next in the chain */
} known_identifier;

typedef struct extraction {
    const mappings *set;
    arena *arena;
    const tape *tape;
    const digest *digest;
    problems *found;
    part *parts;
    isize n;
    isize *by_url; /* open-addressing table of part numbers + 1 by full_url */
    isize url_slots;
    known_identifier *identifiers; /* made at the first conditional reference */
    isize *by_identifier;          /* heads of the chains */
    isize identifier_slots;
} extraction;

/* A problem of one part, at `node` of the tape (the part's own place when TAPE_NONE). */
void message_problem(extraction *x, const part *p, uint32_t node, problem_level level,
                     const char *code, str text, str remedy);

/* Whether a text is a FHIR id. */
bool identity_good_id(str id);
/* Type, id, version, order facts and content digest of a part (identity.c). */
void identity_of(extraction *x, part *p);
/* Prepares the lookup of full URLs once all identities are known. */
void identity_index(extraction *x);
/* The Patient id a reference leads to, or empty (contracts.md, Identity). `*elsewhere` tells that
 * it names something that is no Patient. */
str identity_patient_id(extraction *x, str reference, bool *elsewhere);
/* The Patient a part belongs to; `*unusable` tells that there is a reference nobody can follow. */
str identity_patient(extraction *x, const part *p, bool *unusable);
/* A Patient's identifiers and links as the JSON of trial.h. */
void identity_of_patient(extraction *x, part *p);

/* The tape as views may see it: without texts beyond the limit; the tape itself where there are
 * none that a view reaches (long_text.c). */
const tape *long_text_hidden(extraction *x);

/* The tape with the site's codings added, and per node of the old tape its number in the new one;
 * the old tape and NULL when the site's code map has nothing to add (codemap.c). */
const tape *codemap_apply(const mappings *m, arena *arena, const tape *tape,
                          const uint32_t **moved);

#endif
