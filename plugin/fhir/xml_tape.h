/* SPDX-License-Identifier: Apache-2.0 */
/* xml_tape.h: FHIR XML (R4: XML Representation of Resources) to a tape, given the start and end of
 * each element as any XML parser reports them. Knows nothing of a parser; read_xml.c drives it. The
 * shape differs from JSON's in four ways: a primitive's value is the attribute `value`; Element.id
 * and Extension.url are attributes; a resource stands inside one more element (`contained`,
 * `resource`); repeats are repeated elements. Internal to the reader. */
#ifndef FHIRTRIAL_FHIR_XML_TAPE_H
#define FHIRTRIAL_FHIR_XML_TAPE_H

#include "fhir/model_table.h"
#include "fhir/place.h"
#include "fhir/projection.h"

typedef struct xml_attribute {
    str space; /* namespace name, empty for none */
    str name;
    str value; /* as libxml2 gives it: '&' is still spelt &#38; */
} xml_attribute;

/* An element that is open. */
typedef struct xml_frame {
    place place;
    const keep *keep;
    model_type type;
    model_key key;  /* of the resource's place, while `slot` */
    uint32_t node;  /* on the tape */
    model_key last; /* key of the last child, and how many of it came in a row */
    int run;
    int texts;     /* findings about text between elements */
    bool slot;     /* holds a resource: contained, resource */
    bool filled;   /* had a child or an attribute, known or not */
    bool reported; /* a primitive whose value was refused */
    bool conflict; /* has children to be left out */
    uint64_t seen[MODEL_MEMBERS / 64];
    uint64_t refused[MODEL_MEMBERS / 64]; /* given twice: none is used; valid while `conflict` */
} xml_frame;

/* Where the parser is: the byte at which the tag begins that it is at (`start`), or behind it.
 * Asked for only when somebody wants to know. */
typedef isize xml_where(void *parser, bool start);

typedef struct xml_tape {
    xml_where *where;
    void *parser;
    tape_builder tape;
    str input;
    problems *found;
    const projection *keep;
    isize max_string;
    int max_depth;
    fault *fault;           /* set by a function that returned false */
    char *room, *room_end;  /* for texts */
    bool ampersands;        /* somewhere in the message */
    const char *fhir_space; /* an address of FHIR's namespace, once there was one */
    int depth;              /* open elements, skipped ones included */
    int open;               /* frames in use */
    int skip;               /* open elements below the last frame that are passed over */
    bool in_div;            /* the outermost of them is a narrative's div, which began at div_at */
    isize div_at;
    xml_frame frames[LIMIT_DEPTH + 1];
} xml_tape;

xml_tape *xml_tape_new(arena *arena, str bytes, const read_options *options, problems *found,
                       fault *fault);
/* An element begins. False: the fault is set. */
bool xml_open(xml_tape *x, str space, str name, const xml_attribute *attributes, isize n);
/* The element that was opened last ends. */
void xml_close(xml_tape *x);
/* The same where it needs no memory, so that nothing can be raised; false, with nothing done, where
 * xml_close has to be called. */
bool xml_close_plain(xml_tape *x);
/* Text between tags. */
void xml_text(xml_tape *x, str text);

#endif
