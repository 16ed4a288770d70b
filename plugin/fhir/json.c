/* SPDX-License-Identifier: Apache-2.0 */
/* Plain JSON documents: a tree of values, each knowing where it stands in its text. */
#include "fhir/json.h"

#include "fhir/scan.h"

static bool read_value(scan *s, arena *a, json *out);

/* Links `value` behind *last under its parent. */
static void append(json *parent, json **last, json *value) {
    value->parent = parent;
    if (*last)
        (*last)->next = value;
    else
        parent->child = value;
    *last = value;
    parent->count++;
}

enum { NAME_SHOWN = 64 };

static bool no_duplicates(scan *s, arena *a, const json *object) {
    str *names = arena_new(a, str, object->count);
    isize n = 0;
    for (const json *m = object->child; m; m = m->next) names[n++] = m->name;
    isize twice = scan_duplicate(names, n, a);
    if (twice < 0) return true;
    const json *member = object->child;
    while (twice--) member = member->next;
    isize shown = member->name.n < NAME_SHOWN ? member->name.n : NAME_SHOWN;
    scan_fail(s, s->beg + member->name_at, "an object has two members of one name");
    fault_set(s->fault, FAULT_INPUT, member->name_at,
              "an object has two members \"%.*s\"; remove or rename one",
              STR_ARGS(str_slice(member->name, 0, shown)));
    return false;
}

static bool read_object(scan *s, arena *a, json *object) {
    json *last = NULL;
    if (!scan_enter(s)) return false;
    for (bool more = scan_peek(s) != '}'; more;) {
        json *value = arena_new(a, json, 1);
        scan_peek(s);
        value->name_at = scan_offset(s, s->p);
        if (!scan_name(s, a, &value->name) || !read_value(s, a, value)) return false;
        append(object, &last, value);
        if (!scan_next(s, '}', &more)) return false;
    }
    if (!no_duplicates(s, a, object)) return false;
    scan_leave(s);
    return true;
}

static bool read_array(scan *s, arena *a, json *array) {
    json *last = NULL;
    if (!scan_enter(s)) return false;
    for (bool more = scan_peek(s) != ']'; more;) {
        json *value = arena_new(a, json, 1);
        value->name_at = -1;
        if (!read_value(s, a, value)) return false;
        append(array, &last, value);
        if (!scan_next(s, ']', &more)) return false;
    }
    scan_leave(s);
    return true;
}

static bool read_text(scan *s, arena *a, json *out) {
    bool escaped;
    if (!scan_string(s, &out->text, &escaped)) return false;
    if (escaped) out->text = scan_unescape(out->text, a);
    return true;
}

static bool read_value(scan *s, arena *a, json *out) {
    char c = scan_peek(s);
    str raw;
    out->at = scan_offset(s, s->p);
    switch (c) {
    case '{': out->kind = JSON_OBJECT; return read_object(s, a, out);
    case '[': out->kind = JSON_ARRAY; return read_array(s, a, out);
    case '"': out->kind = JSON_STRING; return read_text(s, a, out);
    default: break;
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        out->kind = JSON_NUMBER;
        return scan_number(s, &out->text);
    }
    if (!scan_literal(s, &raw)) return false;
    out->kind = raw.p[0] == 't' ? JSON_TRUE : raw.p[0] == 'f' ? JSON_FALSE : JSON_NULL;
    return true;
}

bool json_read(arena *a, str text, const json **root, fault *fault) {
    *root = NULL;
    if (text.n > LIMIT_CONFIG_BYTES) {
        fault_set(fault, FAULT_LIMIT, LIMIT_CONFIG_BYTES,
                  "the file is larger than the limit of %d bytes; split it", LIMIT_CONFIG_BYTES);
        return false;
    }
    scan s = scan_new(text, 0, fault);
    json *value = arena_new(a, json, 1);
    value->name_at = -1;
    if (!read_value(&s, a, value) || !scan_end(&s)) return false;
    *root = value;
    return true;
}

/* The last byte before `at` that is no white space, or 0. */
static char byte_before(str text, isize at) {
    while (at > 0 && (uint8_t)text.p[at - 1] <= ' ') at--;
    return at > 0 ? text.p[at - 1] : 0;
}

str json_remedy(str text, isize at) {
    if (at < 0 || at >= text.n) return S("complete the JSON: it is cut off");
    switch ((uint8_t)text.p[at]) {
    case '/':
    case '#': return S("remove the comment: JSON has none");
    case '\'': return S("put names and texts between double quotes");
    case ',': return S("remove the comma that is too many");
    case '}':
    case ']':
        return byte_before(text, at) == ',' ? S("remove the comma before it")
                                            : S("correct the JSON here");
    case 'N':
    case 'I': return S("write a number, or null: JSON has no NaN and no infinity");
    case 0:
    case 0xfe:
    case 0xff: return S("save the file as UTF-8");
    default: return S("correct the JSON here");
    }
}

const json *json_get(const json *object, const char *name) {
    if (!object || object->kind != JSON_OBJECT) return NULL;
    str wanted = str_from(name);
    for (const json *m = object->child; m; m = m->next)
        if (str_eq(m->name, wanted)) return m;
    return NULL;
}

str json_text(const json *object, const char *name) {
    const json *member = json_get(object, name);
    return member && member->kind == JSON_STRING ? member->text : (str){0};
}

bool json_is_true(const json *object, const char *name) {
    const json *member = json_get(object, name);
    return member && member->kind == JSON_TRUE;
}

static void add_token(buf *out, str name) {
    for (isize i = 0; i < name.n; i++)
        if (name.p[i] == '~')
            buf_add(out, S("~0"));
        else if (name.p[i] == '/')
            buf_add(out, S("~1"));
        else
            buf_byte(out, name.p[i]);
}

static void add_pointer(const json *value, buf *out) {
    const json *parent = value->parent;
    if (!parent) return;
    add_pointer(parent, out);
    buf_byte(out, '/');
    if (parent->kind == JSON_OBJECT) {
        add_token(out, value->name);
        return;
    }
    int index = 0;
    for (const json *v = parent->child; v != value; v = v->next) index++;
    buf_printf(out, "%d", index);
}

str json_pointer(const json *value, arena *a) {
    buf out = buf_new(a, LIMIT_CONFIG_BYTES, "a JSON pointer");
    if (value) add_pointer(value, &out);
    return buf_str(&out);
}

static str allowed(arena *a, const str *known, isize n) {
    buf out = buf_new(a, LIMIT_CONFIG_BYTES, "a list of members");
    buf_add(&out, S("remove it; members here are "));
    for (isize i = 0; i < n; i++) buf_printf(&out, "%s%.*s", i ? ", " : "", STR_ARGS(known[i]));
    return buf_str(&out);
}

void json_only(const json *object, const char *const *names, str file, problems *found) {
    str known[64];
    isize n = 0;
    while (n < COUNT_OF(known) && names[n]) {
        known[n] = str_from(names[n]);
        n++;
    }
    if (!object || object->kind != JSON_OBJECT) return;
    for (const json *m = object->child; m; m = m->next) {
        bool ok = false;
        for (isize i = 0; i < n && !ok; i++) ok = str_eq(m->name, known[i]);
        if (ok) continue;
        str near = problem_nearest(m->name, known, n);
        problems_add(
            found, (problem){.level = PROBLEM_ERROR,
                             .code = "structure",
                             .file = file,
                             .at = m->name_at,
                             .place = json_pointer(m, found->arena),
                             .text = arena_printf(found->arena, "unknown member \"%.*s\"",
                                                  STR_ARGS(m->name)),
                             .remedy = near.n ? arena_printf(found->arena, "did you mean \"%.*s\"?",
                                                             STR_ARGS(near))
                                              : allowed(found->arena, known, n)});
    }
}

static void write_members(const json *value, buf *out) {
    bool object = value->kind == JSON_OBJECT;
    buf_byte(out, object ? '{' : '[');
    for (const json *m = value->child; m; m = m->next) {
        if (m != value->child) buf_byte(out, ',');
        if (object) {
            buf_json_string(out, m->name);
            buf_byte(out, ':');
        }
        json_write(m, out);
    }
    buf_byte(out, object ? '}' : ']');
}

void json_write(const json *value, buf *out) {
    switch (value->kind) {
    case JSON_NULL: buf_add(out, S("null")); break;
    case JSON_FALSE: buf_add(out, S("false")); break;
    case JSON_TRUE: buf_add(out, S("true")); break;
    case JSON_NUMBER: buf_add(out, value->text); break;
    case JSON_STRING: buf_json_string(out, value->text); break;
    case JSON_ARRAY:
    case JSON_OBJECT: write_members(value, out); break;
    }
}
