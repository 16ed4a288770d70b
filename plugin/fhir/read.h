/* SPDX-License-Identifier: Apache-2.0 */
/* read.h: FHIR R4 messages to tapes. The JSON reader (read_json.c) is our own because no packaged C
 * reader keeps decimal digits at speed: vector instructions index the text (index.h), one walk
 * checks RFC 8259 in full (grammar.h), then nodes are made of what is kept, values as spans of the
 * text. The XML reader (read_xml.c) feeds the same nodes from libxml2's SAX2 interface, refuses
 * DTDs and never touches network or files. Both are pure functions of (bytes, options); the tape
 * borrows the input's bytes. What cannot be parsed at all fails with a fault (byte offset, what was
 * expected); what can be parsed but is not FHIR (an unknown element, a null, an empty array, a
 * wrong JSON type) is a problem with its JSON pointer, and the element is left out while the rest
 * is read. */
#ifndef FHIRTRIAL_FHIR_READ_H
#define FHIRTRIAL_FHIR_READ_H

#include "base/problem.h"
#include "fhir/tape.h"
#include "fhir/vectors.h"

/* What to keep, as a trie over member names: elements that no mapping can reach are validated and
 * skipped, and it is not asked whether FHIR knows them. NULL in read_options keeps everything.
 * Built from compiled paths at configuration time (view room). */
typedef struct projection projection;
/* An empty projection, for all resource types: keeps only what is added. Lives in the arena. */
projection *projection_new(arena *arena, const model *model);
/* Keep the element reached by `keys` (n of them) from resource type `type`; `deep` keeps all below
 * it too. */
void projection_keep(projection *p, model_type type, const model_key *keys, isize n, bool deep);
/* Who keeps something of `type` may say what has to stand in the resource, or it keeps nothing: a
 * string or a code with exactly this text at the end of `keys`. Called several times for one type,
 * one of the texts has to stand there. A JSON message that is such a resource and has none of them
 * becomes a node without children (tape.unwanted); resources inside others are always read, for
 * somebody may refer to them. Whoever needs no text must say that as soon as others say what they
 * need: then the resource is read whatever stands in it. */
void projection_need(projection *p, model_type type, const model_key *keys, isize n, str text);
void projection_need_nothing(projection *p, model_type type);
/* Nobody wants anything of a JSON message that is such a resource, whatever is kept of those that
 * stand inside others: it becomes a node without children (tape.unwanted). */
void projection_need_never(projection *p, model_type type);

typedef struct read_options {
    isize max_bytes;  /* 0: LIMIT_MESSAGE_BYTES */
    isize max_string; /* 0: LIMIT_STRING_BYTES; only strings that are kept count */
    int max_depth;    /* 0: LIMIT_DEPTH */
    const projection *keep;
    vectors vectors; /* 0: the best; tests force others */
} read_options;

typedef enum read_format { FORMAT_UNKNOWN, FORMAT_JSON, FORMAT_XML } read_format;

/* JSON or XML by the first significant byte after an optional byte-order mark ('{' or '<'). */
read_format read_sniff(str bytes);
/* A single resource (a Bundle is one) from JSON text. False: *fault says what, where (offset) and
 * the remedy. Memory comes from `arena` (FAULT_NOMEM is raised at its landing). `found` may be
 * NULL. */
bool read_json(arena *arena, str bytes, const read_options *options, problems *found, tape *out,
               fault *fault);
/* The same from FHIR XML (namespace http://hl7.org/fhir). No jump crosses libxml2: a fault inside
 * stops the parser first. */
bool read_xml(arena *arena, str bytes, const read_options *options, problems *found, tape *out,
              fault *fault);
/* Either, by read_sniff. */
bool read_resource(arena *arena, str bytes, const read_options *options, problems *found, tape *out,
                   fault *fault);

/* One element from JSON text into a tape under construction: `key` of type `type` (a primitive as
 * its JSON scalar or as a JSON string of its text, an object, or an array of either for repeats).
 * What the patient record is rebuilt from. */
bool read_json_element(tape_builder *b, model_key key, model_type type, str text, fault *fault);

/* NDJSON: cuts the next non-blank line off *rest (LF or CRLF; a byte-order mark before a line is
 * dropped); false at the end. */
bool read_next_line(str *rest, str *line);

#endif
