/* SPDX-License-Identifier: Apache-2.0 */
/* The tests' own mapping set. */
#include "trial_kit.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

static bool sha256(str data, uint8_t out[DIGEST_BYTES]) {
    return EVP_Digest(data.p, (size_t)data.n, out, NULL, EVP_sha256(), NULL) == 1;
}

static bool hmac_sha256(str key, str data, uint8_t out[DIGEST_BYTES]) {
    return HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)data.p, (size_t)data.n, out,
                NULL) != NULL;
}

const digest kit_digest = {sha256, hmac_sha256};

static void run_step(void *state) {
    kit *k = state;
    k->found = problems_new(&k->arena);
    k->step(k);
}

bool kit_run_within(isize ceiling, void (*step)(kit *k), fault *fault) {
    kit k = {.step = step};
    arena_init(&k.arena, ceiling, &k.landing);
    bool ok = guarded(&k.landing, run_step, &k);
    if (!ok) *fault = k.landing.fault;
    arena_release(&k.arena);
    return ok;
}

void kit_run(void (*step)(kit *k)) {
    fault fault = {0};
    bool ok = kit_run_within(256 << 20, step, &fault);
    CHECK_MSG(ok, "a fault: %s", fault.text);
}

str kit_text(kit *k, const char *text) {
    size_t n = strlen(text);
    char *copy = arena_new(&k->arena, char, (isize)n + 1);
    for (size_t i = 0; i < n; i++) copy[i] = text[i] == '`' ? '"' : text[i];
    return (str){copy, (isize)n};
}

void kit_file(kit *k, const char *name, const char *text) {
    k->files[k->file_count++] = (mapping_file){.name = str_from(name), .text = kit_text(k, text)};
}

void kit_views(kit *k) {
    kit_file(k, "core/views/obs.json",
             "{`resourceType`:`ViewDefinition`,`name`:`obs`,`status`:`active`,"
             "`resource`:`Observation`,`select`:[{`column`:["
             "{`name`:`score`,`type`:`decimal`,`path`:`value.ofType(Quantity).value`},"
             "{`name`:`code`,`type`:`Coding`,`path`:`code.coding.first()`},"
             "{`name`:`effective`,`type`:`dateTime`,`path`:`effective.ofType(dateTime)`},"
             "{`name`:`tag`,`type`:`code`,`collection`:true,`path`:`code.coding.code`},"
             "{`name`:`problem`,`type`:`code`,"
             "`tag`:[{`name`:`fhirtrial/problem`,`value`:`send a number from 0 to 10`}],"
             "`path`:`iif(value.ofType(Quantity).value > 10, 'out-of-range')`}]}]}");
    kit_file(k, "core/views/person.json",
             "{`resourceType`:`ViewDefinition`,`name`:`person`,`status`:`active`,"
             "`resource`:`Patient`,`select`:[{`column`:["
             "{`name`:`born`,`type`:`date`,`path`:`birthDate`},"
             "{`name`:`dead`,`type`:`boolean`,`path`:`deceased.ofType(boolean)`}]}]}");
}

void kit_study(kit *k, const char *members) {
    static const char head[] =
        "{`schema`:1,`id`:`s1`,`identifier`:{`system`:`https://registry.example`,`value`:`T1`},"
        "`title`:`A study`,`status`:`active`,`circumstances`:{`dead`:`person.where(dead).exists()`,"
        "`testPatient`:`obs.where(tag contains 'test').exists()`,"
        "`consentDenied`:`obs.where(tag contains 'denied').exists()`,"
        "`enrolled`:`obs.where(tag contains 'enrolled').exists()`},";
    str text = arena_printf(&k->arena, "%s%s}", head, members);
    char *copy = arena_new(&k->arena, char, text.n + 1);
    memcpy(copy, text.p, (size_t)text.n);
    kit_file(k, "studies/s1/protocol.json", copy);
}

const mappings *kit_load(kit *k) {
    k->set = mappings_load(&k->arena, k->files, k->file_count, NULL, &kit_digest, &k->found);
    return k->set;
}

bool kit_found(const kit *k, const char *text) {
    for (isize i = 0; i < k->found.n; i++)
        if (str_find(k->found.list[i].text, str_from(text), 0) >= 0) return true;
    return false;
}

void kit_show(const kit *k) {
    for (isize i = 0; i < k->found.n; i++) {
        const problem *p = &k->found.list[i];
        printf("# %.*s %.*s: %.*s; %.*s\n", STR_ARGS(p->file), STR_ARGS(p->place),
               STR_ARGS(p->text), STR_ARGS(p->remedy));
    }
}

when kit_now(void) {
    when now = {0};
    when_parse_datetime(S("2025-03-01T12:00:00Z"), &now);
    return now;
}

message kit_message(kit *k, const char *text) {
    message out = {0};
    tape *t = arena_new(&k->arena, tape, 1);
    fault fault = {0};
    bool ok = read_json(&k->arena, kit_text(k, text), NULL, &k->found, t, &fault);
    CHECK_MSG(ok, "the message cannot be read: %s", fault.text);
    if (ok) message_extract(k->set, &k->arena, t, &kit_digest, kit_now(), &k->found, &out);
    return out;
}

static isize rows_of(const message *m) {
    isize n = 0;
    for (isize i = 0; i < m->n; i++) n += m->entries[i].row_count;
    return n;
}

/* As the store gives them back: by view, then source. */
static bool later(const record_row *a, const record_row *b) {
    int by = str_compare(a->view, b->view);
    return by > 0 || (by == 0 && str_compare(a->source, b->source) > 0);
}

tape kit_record(kit *k, const message *m) {
    isize n = 0;
    record_row *rows = arena_new(&k->arena, record_row, rows_of(m));
    for (isize i = 0; i < m->n; i++) {
        const entry *e = &m->entries[i];
        for (isize r = 0; r < e->row_count; r++) {
            record_row row = {
                .view = view_name(mappings_view(k->set, e->rows[r].view)),
                .source = arena_printf(&k->arena, "%.*s/%.*s", STR_ARGS(e->type), STR_ARGS(e->id)),
                .version = e->version,
                .updated = e->updated,
                .cells = e->rows[r].cells};
            isize at = n++;
            for (; at > 0 && later(&rows[at - 1], &row); at--) rows[at] = rows[at - 1];
            rows[at] = row;
        }
    }
    tape out;
    record_build(k->set, &k->arena, (str){0}, rows, n, kit_now(), &k->found, &out);
    return out;
}

str kit_record_text(kit *k, const tape *record) {
    buf out = buf_new(&k->arena, 1 << 20, "a record");
    record_json(record, &out);
    return buf_str(&out);
}

verdict kit_verdict(kit *k, const char *text) {
    verdict v = {0};
    message m = kit_message(k, text);
    tape *record = arena_new(&k->arena, tape, 1);
    *record = kit_record(k, &m);
    verdict_decide(k->set, mappings_study(k->set, 0), &k->arena, record, kit_now(), &v);
    return v;
}

const finding *kit_finding(const verdict *v, const char *id) {
    static const criterion_info none = {.id = S_INIT("(none)")};
    static const finding absent = {.criterion = &none};
    for (isize i = 0; i < v->n; i++)
        if (str_eq(v->findings[i].criterion->id, str_from(id))) return &v->findings[i];
    CHECK_MSG(false, "there is no criterion %s", id);
    return &absent;
}
