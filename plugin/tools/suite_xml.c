/* SPDX-License-Identifier: Apache-2.0 */
/* The official FHIRPath test file as tests: <group><test><expression/><output/>*. */
#include "tools/suite.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <string.h>

enum { OUTPUTS = 64 };

static bool is_named(const xmlNode *n, const char *name) {
    return n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, name) == 0;
}

static str attribute(xmlNode *n, const char *name) {
    xmlChar *text = xmlGetProp(n, (const xmlChar *)name);
    return str_from((const char *)text);
}

static str content(xmlNode *n) { return str_from((const char *)xmlNodeGetContent(n)); }

static void drop(str text) { xmlFree((void *)(uintptr_t)text.p); }

static void read_test(xmlNode *n, str group, void (*test)(void *, const suite_test *), void *self) {
    suite_output outputs[OUTPUTS];
    suite_test t = {
        .group = group, .name = attribute(n, "name"), .input = attribute(n, "inputfile")};
    str predicate = attribute(n, "predicate"), ordered = attribute(n, "ordered"),
        mode = attribute(n, "mode"), mode_of_expression = {0};
    t.predicate = str_eq(predicate, S("true"));
    t.ordered = !str_eq(ordered, S("false"));
    t.outputs = outputs;
    for (xmlNode *k = n->children; k; k = k->next) {
        if (is_named(k, "expression")) {
            t.expression = content(k);
            drop(t.invalid);
            t.invalid = attribute(k, "invalid");
            if (str_eq(t.invalid, S("false"))) {
                drop(t.invalid);
                t.invalid = (str){0};
            }
            drop(mode_of_expression);
            mode_of_expression = attribute(k, "mode");
        } else if (is_named(k, "output") && t.output_count < OUTPUTS) {
            outputs[t.output_count++] = (suite_output){attribute(k, "type"), content(k)};
        }
    }
    /* The suite writes the mode on either element. */
    t.strict = str_eq(mode, S("strict")) || str_eq(mode_of_expression, S("strict"));
    test(self, &t);
    for (int i = 0; i < t.output_count; i++) {
        drop(outputs[i].type);
        drop(outputs[i].text);
    }
    const str texts[] = {t.name,    t.input, t.expression, t.invalid,
                         predicate, ordered, mode,         mode_of_expression};
    for (isize i = 0; i < COUNT_OF(texts); i++) drop(texts[i]);
}

bool suite_read(const char *path, void (*test)(void *self, const suite_test *t), void *self) {
    xmlDoc *doc =
        xmlReadFile(path, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (!doc) {
        fprintf(stderr, "fhirtrial suite: %s cannot be read as XML\n", path);
        return false;
    }
    for (xmlNode *g = xmlDocGetRootElement(doc)->children; g; g = g->next) {
        if (!is_named(g, "group")) continue;
        str group = attribute(g, "name");
        for (xmlNode *n = g->children; n; n = n->next)
            if (is_named(n, "test")) read_test(n, group, test, self);
        drop(group);
    }
    xmlFreeDoc(doc);
    return true;
}
