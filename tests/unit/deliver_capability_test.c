/* SPDX-License-Identifier: Apache-2.0 */
/* A statement that allows strategy A, and the same with one thing missing at a time. */
#include "unit.h"

#include "deliver/capability.h"

#include <stdio.h>

typedef struct parts {
    const char *version, *mode, *type, *read, *create, *update, *search, *parameter, *conditional,
        *versioning;
} parts;

static const parts good = {"4.0.1",  "server",      "Flag",       "read", "create",
                           "update", "search-type", "identifier", "true", "versioned-update"};

static capability of(const parts *p) {
    static char text[4096];
    landing ground = {0};
    arena memory;
    capability out;
    int n = snprintf(
        text, sizeof text,
        "{\"resourceType\":\"CapabilityStatement\",\"fhirVersion\":\"%s\",\"software\":{\"name\":"
        "\"Some \\\"EHR\\\"\\n\",\"version\":\"7\"},\"rest\":[{\"mode\":\"%s\",\"resource\":["
        "{\"type\":\"Patient\"},{\"type\":\"%s\",\"interaction\":[{\"code\":\"%s\"},{\"code\":"
        "\"%s\"},{\"code\":\"%s\"},{\"code\":\"%s\"}],\"searchParam\":[{\"name\":\"%s\"}],"
        "\"conditionalCreate\":%s,\"versioning\":\"%s\"}]}]}",
        p->version, p->mode, p->type, p->read, p->create, p->update, p->search, p->parameter,
        p->conditional, p->versioning);
    arena_init(&memory, 1 << 20, &ground);
    capability_read(document_read(&memory, (str){text, n}), &out);
    arena_release(&memory);
    return out;
}

static void all_there(void) {
    capability c = of(&good);
    CHECK(c.usable);
    CHECK_STR(c.missing, NULL);
    CHECK_STR(c.version, "4.0.1");
    CHECK_STR(c.software, "Some  EHR   7"); /* nothing that could break a log line */
    parts p = good;
    p.versioning = "versioned";
    CHECK(of(&p).usable);
}

static void lacks(parts p, const char *what) {
    capability c = of(&p);
    CHECK(!c.usable);
    CHECK_MSG(c.missing && strstr(c.missing, what), "\"%s\" does not name %s", c.missing, what);
}

#define LACKS(member, value, what)                                                                 \
    do {                                                                                           \
        parts p = good;                                                                            \
        p.member = (value);                                                                        \
        lacks(p, what);                                                                            \
    } while (0)

static void one_missing(void) {
    LACKS(version, "3.0.2", "R4");
    LACKS(version, "4.3.0", "R4");
    LACKS(version, "5.0.0", "R4");
    LACKS(mode, "client", "Flag");
    LACKS(type, "List", "Flag");
    LACKS(read, "x", "read");
    LACKS(create, "x", "create");
    LACKS(update, "x", "update");
    LACKS(search, "x", "search");
    LACKS(parameter, "patient", "identifier");
    LACKS(conditional, "false", "If-None-Exist");
    LACKS(conditional, "\"true\"", "If-None-Exist");
    LACKS(versioning, "no-version", "If-Match");
    LACKS(versioning, "", "If-Match");
}

static void no_statement(void) {
    capability c;
    capability_read(NULL, &c);
    CHECK(!c.usable && c.missing);
}

const unit_test deliver_capability_suite[] = {UNIT_TEST(all_there), UNIT_TEST(one_missing),
                                              UNIT_TEST(no_statement), UNIT_END};
