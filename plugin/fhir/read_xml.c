/* SPDX-License-Identifier: Apache-2.0 */
/* Drives libxml2's SAX2 interface over a message. Only what can do no harm is left switched on:
 *   - a document type declaration is refused before the parser sees it, so there are no entities
 *     but the five that XML itself defines, and nothing is ever loaded;
 *   - the encoding is UTF-8, as FHIR demands, so that offsets are those of the message;
 *   - process-wide settings of libxml2 are neither read nor changed; xmlCleanupParser is never
 *     called.
 * No jump crosses libxml2: while it runs, the arenas land in a guard inside each callback, which
 * records the fault and stops the parser. */
#include "fhir/read_state.h"
#include "fhir/xml_tape.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <string.h>

typedef struct sax {
    xml_tape *tape;
    xmlParserCtxtPtr parser;
    str bytes;  /* without a byte-order mark */
    isize mark; /* bytes of that mark */
    landing inner;
    bool failed; /* *fault is set */
    bool raised; /* it was raised inside a callback and is to be raised again outside */
    fault *fault;
    xml_attribute *attributes;
    isize cap;
    /* the event that is being handled */
    const xmlChar *name, *space, **list, *text;
    const xmlChar *last_space; /* nearly all elements are in one namespace */
    str last_space_text;
    int n;
} sax;

static str str_of(const xmlChar *text) { return str_from((const char *)text); }

static isize offset(const sax *s) { return xmlByteConsumed(s->parser) + s->mark; }

static void stop(sax *s) {
    s->failed = true;
    xmlStopParser(s->parser);
}

/* Runs one step of ours with the arenas landing here, not beyond libxml2. */
static void run(sax *s, void (*step)(void *)) {
    if (s->failed || guarded(&s->inner, step, s)) return;
    *s->fault = s->inner.fault;
    s->raised = true;
    stop(s);
}

/* --- events --- */

/* The parser stands at a tag's end; no '<' can stand inside it. */
static isize where(void *user, bool start) {
    const sax *s = user;
    isize at = offset(s) - s->mark;
    if (!start) return at + s->mark;
    if (at >= s->bytes.n) at = s->bytes.n - 1;
    while (at > 0 && s->bytes.p[at] != '<') at--;
    return at + s->mark;
}

static void step_open(void *state) {
    sax *s = state;
    if (s->n > s->cap) {
        s->attributes = arena_grow(s->tape->tape.arena, s->attributes, s->cap, s->n + 8,
                                   (isize)sizeof(xml_attribute), (isize) _Alignof(xml_attribute));
        s->cap = s->n + 8;
    }
    for (int i = 0; i < s->n; i++) {
        const xmlChar **a = s->list + 5 * i; /* name, prefix, namespace, value, end */
        s->attributes[i] = (xml_attribute){.name = str_of(a[0]),
                                           .space = str_of(a[2]),
                                           .value = {(const char *)a[3], a[4] - a[3]}};
    }
    if (s->space != s->last_space) {
        s->last_space = s->space;
        s->last_space_text = str_of(s->space);
    }
    if (!xml_open(s->tape, s->last_space_text, str_of(s->name), s->attributes, s->n)) stop(s);
}

static void on_open(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *space,
                    int n_spaces, const xmlChar **spaces, int n, int defaulted,
                    const xmlChar **attributes) {
    sax *s = user;
    (void)prefix, (void)n_spaces, (void)spaces, (void)defaulted;
    s->name = name;
    s->space = space;
    s->list = attributes;
    s->n = n;
    run(s, step_open);
}

static void step_close(void *state) {
    sax *s = state;
    xml_close(s->tape);
}

static void on_close(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *space) {
    sax *s = user;
    (void)name, (void)prefix, (void)space;
    if (s->failed || xml_close_plain(s->tape)) return; /* no need for a guard */
    run(s, step_close);
}

static void step_text(void *state) {
    sax *s = state;
    xml_text(s->tape, (str){(const char *)s->text, s->n});
}

static bool blank(const xmlChar *text, int n) {
    while (n > 0 && (text[n - 1] == ' ' || (text[n - 1] >= '\t' && text[n - 1] <= '\r'))) n--;
    return n == 0;
}

static void on_text(void *user, const xmlChar *text, int n) {
    sax *s = user;
    if (s->tape->skip || blank(text, n)) return; /* no need for a guard */
    s->text = text;
    s->n = n;
    run(s, step_text);
}

static void on_doctype(void *user, const xmlChar *name, const xmlChar *public_id,
                       const xmlChar *system_id) {
    sax *s = user;
    (void)name, (void)public_id, (void)system_id;
    if (s->failed) return;
    fault_set(s->fault, FAULT_INPUT, offset(s), "a document type declaration is not allowed");
    stop(s);
}

static void on_error(void *user, xmlErrorPtr error) {
    sax *s = user;
    if (s->failed || error->level < XML_ERR_ERROR) return;
    isize n = 0;
    const char *text = error->message ? error->message : "";
    while (text[n] && text[n] != '\n' && n < 200) n++;
    fault_set(s->fault, FAULT_INPUT, offset(s), "not well-formed XML, line %d: %.*s", error->line,
              (int)n, text);
    stop(s);
}

/* --- what is refused before the parser starts --- */

/* Index behind `end`, searched from `at`; the end of the text when it is not there. */
static isize behind(str text, isize at, str end) {
    isize found = str_find(text, end, at);
    return found < 0 ? text.n : found + end.n;
}

/* The encoding that an XML declaration names; empty for none. */
static str declared_encoding(str declaration) {
    isize at = str_find(declaration, S("encoding"), 0);
    if (at < 0) return (str){0};
    for (at += 8; at < declaration.n; at++) {
        char quote = declaration.p[at];
        if (quote != '"' && quote != '\'') continue;
        isize end = str_find_byte(declaration, quote, at + 1);
        return end < 0 ? (str){0} : str_slice(declaration, at + 1, end);
    }
    return (str){0};
}

/* Everything before the root element: processing instructions and comments only. */
static bool check_prolog(str text, isize mark, fault *fault) {
    for (isize at = 0; at < text.n;) {
        str rest = str_slice(text, at, text.n);
        if (str_starts(rest, S("<?"))) {
            isize end = behind(text, at, S("?>"));
            str encoding = at == 0 ? declared_encoding(str_slice(text, at, end)) : (str){0};
            if (encoding.n && !str_eq_ascii_case(encoding, S("utf-8")) &&
                !str_eq_ascii_case(encoding, S("us-ascii"))) {
                fault_set(fault, FAULT_INPUT, mark,
                          "the XML declares an encoding other than UTF-8; FHIR allows UTF-8 only");
                return false;
            }
            at = end;
        } else if (str_starts(rest, S("<!--"))) {
            at = behind(text, at + 4, S("-->"));
        } else if (str_starts(rest, S("<!"))) {
            fault_set(fault, FAULT_INPUT, at + mark,
                      "a document type declaration is not allowed in FHIR XML; remove it");
            return false;
        } else if (rest.p[0] == '<') {
            return true;
        } else {
            at++;
        }
    }
    return true;
}

/* --- entry --- */

static const xmlSAXHandler handler = {.initialized = XML_SAX2_MAGIC,
                                      .internalSubset = on_doctype,
                                      .startElementNs = on_open,
                                      .endElementNs = on_close,
                                      .characters = on_text,
                                      .cdataBlock = on_text,
                                      .serror = on_error};

/* Parses; false when libxml2 has no memory. Nothing here can raise. */
static bool parse(sax *s) {
    s->parser = xmlCreateMemoryParserCtxt(s->bytes.p, (int)s->bytes.n);
    if (!s->parser) return false;
    *s->parser->sax = handler;
    s->parser->userData = s;
    xmlCtxtUseOptions(s->parser, XML_PARSE_NONET);
    *s->parser->sax = handler; /* options may have put handlers back */
    xmlParseDocument(s->parser);
    if (!s->parser->wellFormed && !s->failed) {
        fault_set(s->fault, FAULT_INPUT, offset(s), "not well-formed XML; send the whole document");
        s->failed = true;
    }
    xmlFreeParserCtxt(s->parser);
    s->parser = NULL;
    return true;
}

bool read_xml(arena *a, str bytes, const read_options *options, problems *found, tape *out,
              fault *fault) {
    if (!read_size_ok(bytes, options, fault)) return false;
    isize mark = str_starts(bytes, S("\xEF\xBB\xBF")) ? 3 : 0;
    str text = str_slice(bytes, mark, bytes.n);
    if (!check_prolog(text, mark, fault)) return false;
    if (read_sniff(text) != FORMAT_XML) {
        fault_set(fault, FAULT_INPUT, mark, "not XML; the text must begin with <");
        return false;
    }
    sax *s = arena_new(a, sax, 1);
    s->tape = xml_tape_new(a, bytes, options, found, fault);
    s->tape->where = where;
    s->tape->parser = s;
    s->bytes = text;
    s->mark = mark;
    s->fault = fault;
    landing *outer = a->landing, *outer_found = found ? found->arena->landing : NULL;
    a->landing = &s->inner;
    if (found) found->arena->landing = &s->inner;
    bool memory = parse(s);
    a->landing = outer;
    if (found) found->arena->landing = outer_found;
    if (!memory) fault_raise(outer, FAULT_NOMEM, -1, "the system has no memory left for XML");
    if (s->raised) fault_raise(outer, fault->code, fault->at, "%s", fault->text);
    if (s->failed) return false;
    if (!s->tape->tape.n) {
        fault_set(fault, FAULT_INPUT, 0, "the XML holds no resource");
        return false;
    }
    *out = tape_finish(&s->tape->tape, (str){0});
    return true;
}
