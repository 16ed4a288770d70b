/* SPDX-License-Identifier: Apache-2.0 */
/* Who a resource is, which of two versions is newer, and whose it is (contracts.md, Identity). */
#include "fhir/model_ids.h"
#include "trial/message.h"

static str text_at(const extraction *x, uint32_t parent, model_key key) {
    return parent == TAPE_NONE ? (str){0} : tape_child_text(x->tape, parent, key, x->arena);
}

static uint32_t child_at(const extraction *x, uint32_t parent, model_key key) {
    return parent == TAPE_NONE ? TAPE_NONE : tape_child(x->tape, parent, key);
}

/* --- references --- */
/* FHIR R4 datatypes, id: [A-Za-z0-9\-\.]{1,64}. */
bool identity_good_id(str id) {
    for (isize i = 0; i < id.n; i++) {
        char c = id.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '-' && c != '.') return false;
    }
    return id.n > 0 && id.n <= 64;
}

/* "…/Type/id" and "…/Type/id/_history/v" into type and id. */
static bool split_reference(str reference, str *type, str *id) {
    isize history = str_find(reference, S("/_history/"), 0);
    str path = history < 0 ? reference : str_slice(reference, 0, history);
    isize last = -1, before = -1;
    for (isize i = 0; i < path.n; i++) {
        if (path.p[i] == '?' || path.p[i] == '#') return false;
        if (path.p[i] == '/') {
            before = last;
            last = i;
        }
    }
    if (last <= 0 || last + 1 >= path.n) return false;
    *type = str_slice(path, before + 1, last);
    *id = str_slice(path, last + 1, path.n);
    return type->n > 0 && identity_good_id(*id);
}

static const part *part_at_url(const extraction *x, str url) {
    if (!x->url_slots) return NULL;
    isize mask = x->url_slots - 1;
    for (isize i = (isize)(str_hash(url) & (uint64_t)mask);; i = (i + 1) & mask) {
        if (x->by_url[i] == 0) return NULL;
        const part *p = &x->parts[x->by_url[i] - 1];
        if (str_eq(p->full_url, url)) return p;
    }
}

void identity_index(extraction *x) {
    x->url_slots = 16;
    while (x->url_slots < 2 * x->n) x->url_slots *= 2;
    x->by_url = arena_new(x->arena, isize, x->url_slots);
    isize mask = x->url_slots - 1;
    for (isize k = 0; k < x->n; k++) {
        if (x->parts[k].refused || !x->parts[k].full_url.n || part_at_url(x, x->parts[k].full_url))
            continue;
        isize i = (isize)(str_hash(x->parts[k].full_url) & (uint64_t)mask);
        while (x->by_url[i]) i = (i + 1) & mask;
        x->by_url[i] = k + 1;
    }
}

static bool is_patient(const part *p) {
    return p->resource != TAPE_NONE && !p->refused && str_eq(p->entry.type, S("Patient"));
}

static isize count_identifiers(const extraction *x) {
    isize n = 0;
    for (isize k = 0; k < x->n; k++)
        if (is_patient(&x->parts[k]))
            for (uint32_t i = child_at(x, x->parts[k].resource, KEY_identifier); i != TAPE_NONE;
                 i = tape_next(x->tape, x->parts[k].resource, i))
                n++;
    return n;
}

static isize *chain_of(const extraction *x, str value) {
    return &x->by_identifier[str_hash(value) & (uint64_t)(x->identifier_slots - 1)];
}

static void index_identifiers(extraction *x) {
    isize n = 0, count = count_identifiers(x);
    x->identifiers = arena_new(x->arena, known_identifier, count);
    for (x->identifier_slots = 16; x->identifier_slots < count;) x->identifier_slots *= 2;
    x->by_identifier = arena_new(x->arena, isize, x->identifier_slots);
    for (isize k = 0; k < x->n; k++) {
        const part *p = &x->parts[k];
        if (!is_patient(p)) continue;
        for (uint32_t i = child_at(x, p->resource, KEY_identifier); i != TAPE_NONE;
             i = tape_next(x->tape, p->resource, i)) {
            str value = text_at(x, i, KEY_value);
            isize *head = chain_of(x, value);
            x->identifiers[n] = (known_identifier){text_at(x, i, KEY_system), value, p, *head};
            *head = ++n;
        }
    }
}

/* "Patient?identifier=system|value" inside a Bundle: exactly one Patient of the same Bundle. */
static str conditional(extraction *x, str reference) {
    str query = str_slice(reference, S("Patient?identifier=").n, reference.n);
    isize bar = str_find_byte(query, '|', 0);
    str system = bar < 0 ? (str){0} : str_slice(query, 0, bar);
    str value = str_slice(query, bar + 1, query.n);
    const part *only = NULL;
    if (!x->identifiers) index_identifiers(x);
    for (isize i = *chain_of(x, value); i > 0; i = x->identifiers[i - 1].next) {
        const known_identifier *known = &x->identifiers[i - 1];
        if (!str_eq(known->value, value) || known->patient == only) continue;
        if (system.n && !str_eq(known->system, system)) continue;
        if (only) return (str){0};
        only = known->patient;
    }
    return only ? only->entry.id : (str){0};
}

str identity_patient_id(extraction *x, str reference, bool *elsewhere) {
    str type, id;
    *elsewhere = false;
    const part *p = part_at_url(x, reference);
    if (p) {
        *elsewhere = !str_eq(p->entry.type, S("Patient"));
        return *elsewhere ? (str){0} : p->entry.id;
    }
    if (str_starts(reference, S("Patient?identifier="))) return conditional(x, reference);
    if (str_starts(reference, S("urn:")) || !split_reference(reference, &type, &id))
        return (str){0};
    *elsewhere = !str_eq(type, S("Patient"));
    return *elsewhere ? (str){0} : id;
}

str identity_patient(extraction *x, const part *p, bool *unusable) {
    *unusable = false;
    if (str_eq(p->entry.type, S("Patient"))) return p->entry.id;
    if (p->resource == TAPE_NONE) return (str){0};
    const node *nodes = x->tape->nodes;
    model_key key = model_patient_element(x->tape->model, nodes[p->resource].type);
    if (key == KEY_NONE) return (str){0};
    uint32_t at = child_at(x, p->resource, key);
    *unusable = at == TAPE_NONE;
    for (; at != TAPE_NONE; at = tape_next(x->tape, p->resource, at)) {
        bool elsewhere;
        str id = identity_patient_id(x, text_at(x, at, KEY_reference), &elsewhere);
        if (id.n) return id;
        if (!elsewhere) *unusable = true;
    }
    return (str){0};
}

/* --- identity and order --- */
/* Canonical JSON hashed; nothing of it stays in the arena. */
static str content_of(extraction *x, uint32_t resource) {
    uint8_t bytes[DIGEST_BYTES];
    char hex[DIGEST_HEX];
    arena_mark mark = arena_here(x->arena);
    buf text =
        buf_new(x->arena, 2 * (isize)LIMIT_MESSAGE_BYTES, "the canonical text of a resource");
    tape_write_json(x->tape, resource, true, &text);
    bool ok = x->digest && x->digest->sha256(buf_str(&text), bytes);
    arena_rewind(x->arena, mark);
    if (!ok) return (str){0};
    digest_hex(bytes, hex);
    return arena_str(x->arena, (str){hex, DIGEST_HEX});
}

static str id_of_url(str type, str url) {
    str url_type, id;
    if (str_starts(url, S("urn:uuid:"))) {
        id = str_slice(url, S("urn:uuid:").n, url.n);
        return identity_good_id(id) ? id : (str){0};
    }
    if (str_starts(url, S("urn:"))) return (str){0};
    return split_reference(url, &url_type, &id) && str_eq(url_type, type) ? id : (str){0};
}

/* A removal without a body keeps what the history says of it: ETag and time of the response. */
static void order_of_response(extraction *x, part *p) {
    uint32_t response = child_at(x, p->wrapper, KEY_response);
    str etag = text_at(x, response, KEY_etag);
    if (str_starts(etag, S("W/"))) etag = str_slice(etag, 2, etag.n);
    if (etag.n > 2 && etag.p[0] == '"') p->entry.version = str_slice(etag, 1, etag.n - 1);
    p->entry.updated = text_at(x, response, KEY_lastModified);
}

void identity_of(extraction *x, part *p) {
    entry *e = &p->entry;
    e->node = p->resource;
    if (p->resource == TAPE_NONE) {
        order_of_response(x, p);
        return;
    }
    uint32_t meta = child_at(x, p->resource, KEY_meta);
    e->type = model_type_name(x->tape->model, x->tape->nodes[p->resource].type);
    e->content = content_of(x, p->resource);
    e->id = text_at(x, p->resource, KEY_id);
    p->refused = e->id.n > 0 && !identity_good_id(e->id);
    if (p->refused)
        message_problem(x, p, TAPE_NONE, PROBLEM_ERROR, "value",
                        S("the resource's id is no FHIR id, so no reference can lead to it: the "
                          "resource is not used"),
                        S("send an id of 1 to 64 letters, digits, '-' and '.'"));
    if (!e->id.n) e->id = id_of_url(e->type, p->full_url);
    if (!e->id.n) {
        e->id = e->content;
        message_problem(x, p, TAPE_NONE, PROBLEM_INFORMATION, "required",
                        S("the resource has neither id nor fullUrl: it is known by its content"),
                        S("give it an id, so that a later version can replace it"));
    }
    e->version = text_at(x, meta, KEY_versionId);
    e->updated = text_at(x, meta, KEY_lastUpdated);
    if (!e->version.n && e->content.n)
        e->version = arena_printf(x->arena, "sha256:%.*s", STR_ARGS(e->content));
}

/* --- the Patient itself --- */
void identity_of_patient(extraction *x, part *p) {
    if (p->resource == TAPE_NONE || !str_eq(p->entry.type, S("Patient"))) return;
    buf ids = buf_new(x->arena, LIMIT_STRING_BYTES, "the identifiers of a Patient");
    buf_byte(&ids, '[');
    for (uint32_t i = child_at(x, p->resource, KEY_identifier); i != TAPE_NONE;
         i = tape_next(x->tape, p->resource, i)) {
        str system = text_at(x, i, KEY_system), value = text_at(x, i, KEY_value);
        if (!system.n || !value.n) continue;
        if (system.n > LIMIT_IDENTIFIER_BYTES || value.n > LIMIT_IDENTIFIER_BYTES) {
            message_problem(x, p, i, PROBLEM_WARNING, "too-long",
                            arena_printf(x->arena,
                                         "an identifier longer than %d bytes tells nobody who the "
                                         "patient is: it is passed over",
                                         LIMIT_IDENTIFIER_BYTES),
                            S("send the identifier itself"));
            continue;
        }
        buf_add(&ids, ids.n > 1 ? S(",[") : S("["));
        buf_json_string(&ids, system);
        buf_byte(&ids, ',');
        buf_json_string(&ids, value);
        buf_byte(&ids, ']');
    }
    buf_byte(&ids, ']');
    p->entry.identifiers = buf_str(&ids);
    buf links = buf_new(x->arena, LIMIT_STRING_BYTES, "the links of a Patient");
    buf_byte(&links, '[');
    for (uint32_t i = child_at(x, p->resource, KEY_link); i != TAPE_NONE;
         i = tape_next(x->tape, p->resource, i)) {
        bool elsewhere;
        uint32_t other = child_at(x, i, KEY_other);
        str id = identity_patient_id(x, text_at(x, other, KEY_reference), &elsewhere);
        if (!id.n) continue;
        buf_add(&links, links.n > 1 ? S(",[") : S("["));
        buf_json_string(&links, text_at(x, i, KEY_type));
        buf_byte(&links, ',');
        buf_json_string(&links, id);
        buf_byte(&links, ']');
    }
    buf_byte(&links, ']');
    p->entry.links = buf_str(&links);
}
