/* SPDX-License-Identifier: Apache-2.0 */
/* flag_reply.c: reading the server's Flag back. */
#include "deliver/flag_reply.h"

/* --- headers and references --- */

str etag_version(str etag) {
    str text = str_trim(etag);
    if (str_starts(text, S("W/"))) text = str_slice(text, 2, text.n);
    if (text.n >= 2 && text.p[0] == '"' && text.p[text.n - 1] == '"')
        text = str_slice(text, 1, text.n - 1);
    return document_is_id(text) ? text : (str){0};
}

static str next_segment(str path, isize *at) {
    isize end = str_find_byte(path, '/', *at);
    if (end < 0) end = path.n;
    str segment = str_slice(path, *at, end);
    *at = end + 1;
    return segment;
}

bool location_flag(str location, str *id, str *version) {
    str path = str_trim(location), before = {0}, earlier = {0};
    bool found = false;
    isize end = str_find_byte(path, '?', 0);
    if (end >= 0) path = str_slice(path, 0, end);
    *id = *version = (str){0};
    for (isize at = 0; at < path.n;) {
        str segment = next_segment(path, &at);
        if (str_eq(before, S("Flag")) && document_is_id(segment)) {
            *id = segment;
            *version = (str){0};
            found = true;
        } else if (found && str_eq(before, S("_history")) && str_eq(earlier, *id) &&
                   document_is_id(segment)) {
            *version = segment;
        }
        earlier = before;
        before = segment;
    }
    return found;
}

str reference_relative(str reference, str base) {
    isize history = str_find(reference, S("/_history/"), 0);
    if (history >= 0) reference = str_slice(reference, 0, history);
    if (base.n > 0 && str_starts(reference, base) && reference.n > base.n &&
        reference.p[base.n] == '/')
        reference = str_slice(reference, base.n + 1, reference.n);
    return reference;
}

/* --- one Flag --- */

static bool has_identifier(const json *flag, str system, str value) {
    const json *list = json_get(flag, "identifier");
    for (const json *i = list ? list->child : NULL; i; i = i->next)
        if (str_eq(json_text(i, "system"), system) && str_eq(json_text(i, "value"), value))
            return true;
    return false;
}

static bool contains(const json *theirs, const json *ours);

static bool contains_all(const json *theirs, const json *ours) {
    for (const json *o = ours->child; o; o = o->next) {
        bool found = false;
        for (const json *t = theirs->child; t && !found; t = t->next)
            found = (ours->kind == JSON_ARRAY || str_eq(t->name, o->name)) && contains(t, o);
        if (!found) return false;
    }
    return true;
}

/* Whether all of `ours` is in `theirs`; servers may add members, displays and texts. */
static bool contains(const json *theirs, const json *ours) {
    if (!theirs || !ours || theirs->kind != ours->kind) return theirs == ours;
    if (ours->kind == JSON_OBJECT || ours->kind == JSON_ARRAY) return contains_all(theirs, ours);
    return str_eq(theirs->text, ours->text);
}

static bool same_content(const json *flag, const json *body) {
    bool ended = json_get(json_get(flag, "period"), "end") != NULL;
    bool to_end = json_get(json_get(body, "period"), "end") != NULL;
    return str_eq(json_text(flag, "status"), json_text(body, "status")) && ended == to_end &&
           contains(json_get(json_get(flag, "code"), "coding"),
                    json_get(json_get(body, "code"), "coding"));
}

static bool read_tag(str code, int64_t *seq, str *hash) {
    int64_t n = 0;
    isize dash = str_find_byte(code, '-', 0);
    if (dash < 1 || dash > 15 || code.n - dash - 1 != FLAG_TAG_HASH) return false;
    for (isize i = 0; i < dash; i++) {
        if (code.p[i] < '0' || code.p[i] > '9') return false;
        n = n * 10 + (code.p[i] - '0');
    }
    *seq = n;
    *hash = str_slice(code, dash + 1, code.n);
    return true;
}

/* Servers may keep the tags of earlier versions (R4 2.6: tags may be carried forward), so the
 * highest sequence counts. */
static void read_tags(const json *flag, const flag_message *message, flag_seen *out) {
    const json *tags = json_get(json_get(flag, "meta"), "tag");
    out->seq = -1;
    for (const json *t = tags ? tags->child : NULL; t; t = t->next) {
        int64_t seq;
        str hash;
        if (!str_eq(json_text(t, "system"), S(FLAG_TAG_SYSTEM)) ||
            !read_tag(json_text(t, "code"), &seq, &hash) || seq < out->seq)
            continue;
        bool same = seq == message->seq && str_eq(hash, message->hash);
        out->same_message = same || (seq == out->seq && out->same_message);
        out->seq = seq;
    }
}

flag_sight flag_reply_read(const json *flag, const flag_message *message, str base, str etag,
                           flag_seen *out) {
    *out = (flag_seen){.seq = -1};
    if (!document_is(flag, "Flag") || !document_is_id(json_text(flag, "id"))) return SIGHT_UNUSABLE;
    if (!has_identifier(flag, message->system, message->key)) return SIGHT_OTHER_IDENTIFIER;
    str subject = json_text(json_get(flag, "subject"), "reference");
    if (!str_eq(reference_relative(subject, base), reference_relative(message->subject, base)))
        return SIGHT_OTHER_SUBJECT;
    out->id = json_text(flag, "id");
    out->version = json_text(json_get(flag, "meta"), "versionId");
    if (!document_is_id(out->version)) out->version = etag_version(etag);
    out->same_content = same_content(flag, message->body);
    read_tags(flag, message, out);
    if (out->seq < 0) out->same_message = out->same_content;
    return SIGHT_OURS;
}

/* --- searches --- */

static bool is_match(const json *entry, const char *type) {
    str mode = json_text(json_get(entry, "search"), "mode");
    return document_is(json_get(entry, "resource"), type) &&
           (mode.n == 0 || str_eq(mode, S("match")));
}

static bool is_searchset(const json *bundle) {
    str type = json_text(bundle, "type");
    return document_is(bundle, "Bundle") && str_eq(type, S("searchset"));
}

flag_sight flag_reply_search(const json *bundle, const flag_message *message, str base,
                             flag_seen *out) {
    flag_sight first = SIGHT_NONE;
    int64_t total = 0;
    int n = 0;
    *out = (flag_seen){.seq = -1};
    if (!is_searchset(bundle)) return SIGHT_UNUSABLE;
    const json *list = json_get(bundle, "entry");
    for (const json *e = list ? list->child : NULL; e; e = e->next) {
        flag_seen seen;
        if (!is_match(e, "Flag")) continue;
        flag_sight sight = flag_reply_read(json_get(e, "resource"), message, base, (str){0}, &seen);
        if (sight == SIGHT_OTHER_IDENTIFIER || sight == SIGHT_UNUSABLE) return sight;
        if (n++ == 0) {
            first = sight;
            *out = seen;
        }
    }
    if (n > 1 || (document_whole(json_get(bundle, "total"), &total) && total > 1))
        return SIGHT_MANY;
    return first;
}

bool patient_reply_search(arena *arena, const json *bundle, str *reference, int *n) {
    int64_t total = 0;
    *n = -1;
    if (!is_searchset(bundle)) return false;
    *n = 0;
    const json *list = json_get(bundle, "entry");
    for (const json *e = list ? list->child : NULL; e; e = e->next) {
        if (!is_match(e, "Patient")) continue;
        str id = json_text(json_get(e, "resource"), "id");
        if (!document_is_id(id)) {
            *n = -1;
            return false;
        }
        *reference = arena_printf(arena, "Patient/%.*s", STR_ARGS(id));
        ++*n;
    }
    if (document_whole(json_get(bundle, "total"), &total) && total > *n) *n = (int)(total & 0xffff);
    return *n == 1;
}
