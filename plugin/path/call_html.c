/* SPDX-License-Identifier: Apache-2.0 */
/* call_html.c: htmlChecks() (FHIR R4 narrative.html, txt-1 and txt-2): a narrative holds only the
 * basic formatting elements and attributes of HTML, and says something that is not white space. */
#include "path/calls.h"

static const char *const elements[] = {
    "a",   "abbr",     "acronym", "b",     "big",  "blockquote", "br",  "caption", "cite",  "code",
    "col", "colgroup", "dd",      "dfn",   "div",  "dl",         "dt",  "em",      "h1",    "h2",
    "h3",  "h4",       "h5",      "h6",    "hr",   "i",          "img", "li",      "ol",    "p",
    "pre", "q",        "samp",    "small", "span", "strong",     "sub", "sup",     "table", "tbody",
    "td",  "tfoot",    "th",      "thead", "tr",   "tt",         "ul",  "var"};

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static bool known_element(str name) {
    for (isize i = 0; i < COUNT_OF(elements); i++)
        if (str_eq_ascii_case(name, str_from(elements[i]))) return true;
    return false;
}

/* Name of an element or attribute at `at`. */
static str take_name(str s, isize *at) {
    isize from = *at;
    while (*at < s.n && !is_space(s.p[*at]) && s.p[*at] != '>' && s.p[*at] != '/' &&
           s.p[*at] != '=')
        ++*at;
    return str_slice(s, from, *at);
}

/* Attributes up to the closing >; none may be an event handler, and no link may run a script. */
static bool check_attributes(str s, isize *at) {
    for (;;) {
        while (*at < s.n && (is_space(s.p[*at]) || s.p[*at] == '/')) ++*at;
        if (*at >= s.n) return false;
        if (s.p[*at] == '>') {
            ++*at;
            return true;
        }
        str name = take_name(s, at);
        if (name.n == 0 || (name.n > 2 && str_eq_ascii_case(str_slice(name, 0, 2), S("on"))))
            return false;
        while (*at < s.n && is_space(s.p[*at])) ++*at;
        if (*at >= s.n || s.p[*at] != '=') return false;
        ++*at;
        while (*at < s.n && is_space(s.p[*at])) ++*at;
        if (*at >= s.n || (s.p[*at] != '"' && s.p[*at] != '\'')) return false;
        isize end = str_find_byte(s, s.p[*at], *at + 1);
        if (end < 0) return false;
        str value = str_trim(str_slice(s, *at + 1, end));
        if (str_eq_ascii_case(str_slice(value, 0, 11), S("javascript:"))) return false;
        *at = end + 1;
    }
}

static bool check_tag(str s, isize *at, bool *image) {
    str rest = str_slice(s, *at, s.n);
    if (str_starts(rest, S("<!--"))) {
        isize end = str_find(s, S("-->"), *at);
        *at = end + 3;
        return end >= 0;
    }
    *at += rest.n > 1 && rest.p[1] == '/' ? 2 : 1;
    str name = take_name(s, at);
    if (str_eq_ascii_case(name, S("img"))) *image = true;
    return known_element(name) && check_attributes(s, at);
}

static bool html_is_fine(str s) {
    bool says = false;
    for (isize at = 0; at < s.n;) {
        if (s.p[at] == '<') {
            if (!check_tag(s, &at, &says)) return false;
        } else {
            says = says || !is_space(s.p[at]);
            at++;
        }
    }
    return says;
}

bool call_htmlChecks(machine *m, call *c) {
    const value *v = &c->input;
    return push_boolean(m, v->it.kind == ITEM_STRING && html_is_fine(v->it.text));
}
