/* SPDX-License-Identifier: Apache-2.0 */
/* tape.h: a FHIR resource (or Bundle, or patient record) as one contiguous array of typed nodes.
 * The readers do FHIR's bookkeeping once, so that everything after them sees the same shape from
 * JSON and XML:
 *   - an array is its elements as repeated siblings with the same key; there is no array node;
 *     siblings with the same key are always adjacent, and whoever builds a tape keeps it so;
 *   - `birthDate` and `_birthDate` are one node: the primitive's text, and as children its id and
 * extensions; an element with extensions only has no text;
 *   - `valueQuantity` has key `value` and type Quantity;
 *   - `contained`, `Bundle.entry.resource` and the root are resource nodes, whose type is the
 * resource's type (`resourceType` is no node);
 *   - narrative `div` is one opaque primitive of type xhtml.
 *
 *     i      key        kind       type          next
 *     0      -          COMPLEX    Patient       7        children of i: i+1, next(i+1), ... while
 * < next(i) 1      id         PRIMITIVE  id            2        descendants of i: the range i+1 ..
 * next(i)-1 2      name       COMPLEX    HumanName     5 3      given      PRIMITIVE  string 4 text
 * "Ada" 4      given      PRIMITIVE  string        5        text "Maria" 5      birthDate PRIMITIVE
 * date          6        text "1950-03" 6      active     PRIMITIVE  boolean       7        text
 * "true"
 *
 * Text is a span of the input (kept alive with the message) or of the arena. Numbers and dates stay
 * text until asked for. JSON strings with escapes are unescaped only when used: tape_text. A
 * finished tape is read only. */
#ifndef FHIRTRIAL_FHIR_TAPE_H
#define FHIRTRIAL_FHIR_TAPE_H

#include "base/buf.h"
#include "fhir/model.h"

typedef enum node_kind { NODE_COMPLEX, NODE_PRIMITIVE } node_kind;

enum {
    NODE_HAS_TEXT = 1, /* a primitive with a value (else extensions only) */
    NODE_ESCAPED = 2,  /* the text still holds JSON escapes */
    NODE_RESOURCE = 4, /* root of a resource */
    NODE_NUMBER = 8,   /* JSON spelt it as a number */
    NODE_CHOICE = 16   /* spelt with its type ("valueQuantity") */
};

typedef struct node {
    const char *text; /* primitives: the value; complex nodes from JSON: the source span from '{' to
                         past '}' */
    uint32_t length;  /* of text, bytes */
    uint32_t next;    /* index just past this node's descendants */
    model_key key;
    model_type type; /* TYPE_NONE where the model does not know */
    uint8_t kind;
    uint8_t flags;
    uint16_t reserved;
} node;

typedef struct tape {
    const node *nodes;
    uint32_t n;
    const model *model;
    str input;     /* the bytes it was read from, or empty (built tapes, XML) */
    bool unwanted; /* read by a projection that wants nothing of this message: a root, no more */
} tape;

enum { TAPE_NONE = UINT32_MAX };

/* First child of `parent` with `key`, or TAPE_NONE; and the next sibling with the same key after
 * `child`. */
uint32_t tape_child(const tape *tape, uint32_t parent, model_key key);
uint32_t tape_next(const tape *tape, uint32_t parent, uint32_t child);
/* The primitive's value, unescaped (in `arena` only when it held escapes); the empty str when it
 * has none. */
str tape_text(const tape *tape, uint32_t index, arena *arena);
/* Text of the primitive child `key` of `parent`, or the empty str. */
str tape_child_text(const tape *tape, uint32_t parent, model_key key, arena *arena);
/* The node's JSON member name: its key, spelt with its type where it is a choice ("valueQuantity").
 */
str tape_name(const tape *tape, uint32_t index, arena *arena);
/* The root node of the resource that contains `index`. */
uint32_t tape_resource_of(const tape *tape, uint32_t index);
/* Byte offset in the input where the node's text begins, or -1. */
isize tape_offset(const tape *tape, uint32_t index);
/* Where the node is, as a FHIRPath location ("Bundle.entry[3].resource.value.code") and as a JSON
 * pointer ("/entry/3/resource/valueQuantity/code"). */
str tape_fhirpath(const tape *tape, uint32_t index, arena *arena);
str tape_pointer(const tape *tape, uint32_t index, arena *arena);

/* The subtree as FHIR JSON: compact, children in tape order, repeated elements as arrays, `_x`
 * siblings restored, numbers with their digits. `canonical` sorts members by name (bytes), which
 * makes the text independent of the source's order, spacing and format. */
void tape_write_json(const tape *tape, uint32_t index, bool canonical, buf *out);

/* --- building (readers, the patient record) --- */
typedef struct tape_builder {
    arena *arena;
    const model *model;
    node *nodes;
    uint32_t n, cap;
} tape_builder;

tape_builder tape_begin(arena *arena, const model *model);
/* Makes room for `count` nodes more, where somebody can tell how many will come. */
void tape_expect(tape_builder *b, uint32_t count);
/* The next node, to be filled in whole. */
static inline node *tape_push(tape_builder *b) {
    if (b->n == b->cap) tape_expect(b, 1);
    return &b->nodes[b->n++];
}
/* Opens a complex node; its index is given back to tape_close. */
static inline uint32_t tape_open(tape_builder *b, model_key key, model_type type, uint8_t flags) {
    uint32_t index = b->n;
    *tape_push(b) =
        (node){.next = index + 1, .key = key, .type = type, .kind = NODE_COMPLEX, .flags = flags};
    return index;
}
static inline void tape_close(tape_builder *b, uint32_t index) { b->nodes[index].next = b->n; }
/* A primitive without children; `text` must live as long as the tape. */
static inline uint32_t tape_primitive(tape_builder *b, model_key key, model_type type, str text,
                                      uint8_t flags) {
    uint32_t index = b->n;
    if (text.p) flags |= NODE_HAS_TEXT;
    *tape_push(b) = (node){.text = text.p,
                           .length = (uint32_t)text.n,
                           .next = index + 1,
                           .key = key,
                           .type = type,
                           .kind = NODE_PRIMITIVE,
                           .flags = flags};
    return index;
}
/* Copies a subtree of another tape (same model, or one extends the other) under a new key, which is
 * no longer spelt with its type (NODE_CHOICE is cleared); texts are shared, not copied. */
uint32_t tape_copy(tape_builder *b, const tape *from, uint32_t index, model_key key);
tape tape_finish(tape_builder *b, str input);

#endif
