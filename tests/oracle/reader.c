/* SPDX-License-Identifier: Apache-2.0 */
/* The readers at the end of a pipe, for reader_oracle.py. A question is a line "MODE LENGTH" and
 * then LENGTH bytes; MODE is plain (json.h), json or xml. The answer is one line: ok N TEXT read
 * with N findings; TEXT is the canonical JSON (plain: as written) fault CODE AT    refused at byte
 * AT */
#include "fhir/json.h"
#include "fhir/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct question {
    arena *a;
    char mode[8];
    str bytes;
    bool ok;
    fault fault;
    isize findings;
    str text;
} question;

static void answer(void *state) {
    question *q = state;
    buf out = buf_new(q->a, 1 << 29, "an answer");
    if (strcmp(q->mode, "plain") == 0) {
        const json *root;
        q->ok = json_read(q->a, q->bytes, &root, &q->fault);
        if (q->ok) json_write(root, &out);
    } else {
        problems found = problems_new(q->a);
        tape t;
        bool xml = strcmp(q->mode, "xml") == 0;
        q->ok = xml ? read_xml(q->a, q->bytes, NULL, &found, &t, &q->fault)
                    : read_json(q->a, q->bytes, NULL, &found, &t, &q->fault);
        q->findings = found.n;
        if (q->ok) tape_write_json(&t, 0, true, &out);
    }
    q->text = buf_str(&out);
}

/* The next question; its bytes lie in a block of their own size, as a memory checker wants it. */
static bool next_question(question *q, arena *a) {
    char line[64];
    if (!fgets(line, sizeof line, stdin)) return false;
    *q = (question){.a = a};
    char *space = strchr(line, ' ');
    if (!space || space - line >= (ptrdiff_t)sizeof q->mode) return false;
    memcpy(q->mode, line, (size_t)(space - line));
    size_t length = strtoul(space, NULL, 10);
    char *bytes = malloc(length + (length == 0));
    q->bytes = (str){bytes, (isize)length};
    return bytes && fread(bytes, 1, length, stdin) == length;
}

int main(void) {
    landing where = {0};
    arena a;
    question q;
    arena_init(&a, (isize)1 << 30, &where);
    while (next_question(&q, &a)) {
        if (!guarded(&where, answer, &q)) q.fault = where.fault;
        if (q.ok && where.fault.code == FAULT_NONE)
            printf("ok %td %.*s\n", q.findings, STR_ARGS(q.text));
        else
            printf("fault %s %td\n", fault_name(q.fault.code), q.fault.at);
        fflush(stdout);
        arena_clear(&a);
        free((char *)(uintptr_t)q.bytes.p);
    }
    arena_release(&a);
    return 0;
}
