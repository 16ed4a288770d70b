/* SPDX-License-Identifier: Apache-2.0 */
/* static.c: what is known of items before there are any. */
#include "fhir/model_ids.h"
#include "path/check.h"
#include "path/machine.h"

static_type static_any(void) { return (static_type){.kind = STATIC_ANY}; }

static_type static_value(int kind) {
    return (static_type){.kind = STATIC_VALUE, .item = (uint8_t)kind};
}

static_type static_node(model_type type) {
    if (type == TYPE_NONE) return static_any();
    return (static_type){.kind = STATIC_NODE, .type = type};
}

bool static_same(static_type a, static_type b) {
    if (a.kind != b.kind) return false;
    switch ((static_kind_of)a.kind) {
    case STATIC_VALUE: return a.item == b.item;
    case STATIC_NODE: return a.type == b.type;
    case STATIC_CHOICE: return a.type == b.type && a.key == b.key;
    default: return true;
    }
}

static_type static_join(static_type a, static_type b) {
    static_type t = a.kind == STATIC_EMPTY   ? b
                    : b.kind == STATIC_EMPTY ? a
                    : static_same(a, b)      ? a
                    : static_kind(a) == static_kind(b) && static_kind(a) >= 0
                        ? static_value(static_kind(a))
                        : static_any();
    t.many = a.many || b.many;
    t.unordered = a.unordered || b.unordered;
    return t;
}

int static_kind(static_type t) {
    if (t.kind == STATIC_VALUE) return t.item == ITEM_TYPE || t.item == ITEM_CODING ? -1 : t.item;
    if (t.kind == STATIC_NODE) return value_kind_of_type(t.type);
    return -1;
}

/* Whether an Integer may stand where a Decimal or a Quantity is asked for, a Date for a DateTime.
 */
static bool fits(int have, int want) {
    if (have == want) return true;
    if (want == ITEM_DECIMAL || want == ITEM_QUANTITY)
        return have == ITEM_INTEGER || have == ITEM_LONG || have == ITEM_DECIMAL;
    if (want == ITEM_INTEGER) return have == ITEM_LONG;
    return want == ITEM_DATETIME && have == ITEM_DATE;
}

static bool abstract_node(const model *m, model_type type) {
    return model_is_abstract(m, type) || type == TYPE_NONE;
}

bool static_never(const model *m, static_type t, int kind) {
    if (t.kind == STATIC_VALUE) return !fits(t.item, kind);
    if (t.kind == STATIC_NODE)
        return !abstract_node(m, t.type) && !fits(value_kind_of_type(t.type), kind);
    if (t.kind != STATIC_CHOICE) return false;
    for (int i = 0;; i++) {
        model_type type = model_choice(m, t.type, t.key, i);
        if (type == TYPE_NONE) return true;
        if (fits(value_kind_of_type(type), kind)) return false;
    }
}

str static_name(arena *arena, const model *m, static_type t) {
    switch ((static_kind_of)t.kind) {
    case STATIC_EMPTY: return S("{}");
    case STATIC_VALUE: return str_from(value_kind_name(t.item));
    case STATIC_NODE: return model_type_name(m, t.type);
    case STATIC_CHOICE: return arena_printf(arena, "%.*s[x]", STR_ARGS(model_key_name(m, t.key)));
    default: return S("any");
    }
}
