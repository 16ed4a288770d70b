/* SPDX-License-Identifier: Apache-2.0 */
/* The document that datasets read: root type Export, which is Record with two elements more. What
 * an export knows beside the record (study, pseudonym, clock, verdict) stands in `export`, a row
 * for each criterion in `criterion`, what the protocol makes of rows in `mark`; so that a table of
 * the trial world is a view like any other. */
#include "fhir/model_ids.h"
#include "trial/set.h"

typedef struct export_element {
    str name, type;
} export_element;

static const export_element elements[EXPORT_KEYS] = {
    [EXPORT_STUDY] = {S_INIT("study"), S_INIT("string")},
    [EXPORT_STUDY_NUMBER] = {S_INIT("studyNumber"), S_INIT("string")},
    [EXPORT_STUDY_TITLE] = {S_INIT("studyTitle"), S_INIT("string")},
    [EXPORT_CRITERIA_VERSION] = {S_INIT("criteriaVersion"), S_INIT("string")},
    [EXPORT_SITE] = {S_INIT("site"), S_INIT("string")},
    [EXPORT_SUBJECT] = {S_INIT("subject"), S_INIT("string")},
    [EXPORT_EVALUATED] = {S_INIT("evaluated"), S_INIT("instant")},
    [EXPORT_ENROLLED] = {S_INIT("enrolled"), S_INIT("boolean")},
    [EXPORT_VERDICT] = {S_INIT("verdict"), S_INIT("code")},
    [EXPORT_ARM] = {S_INIT("arm"), S_INIT("code")},
    [EXPORT_ARM_TITLE] = {S_INIT("armTitle"), S_INIT("string")},
    [CRITERION_ID] = {S_INIT("id"), S_INIT("string")},
    [CRITERION_KIND] = {S_INIT("kind"), S_INIT("code")},
    [CRITERION_TEXT] = {S_INIT("text"), S_INIT("string")},
    [CRITERION_RESULT] = {S_INIT("result"), S_INIT("code")},
    [CRITERION_REASON] = {S_INIT("reason"), S_INIT("code")},
    [MARKED_KIND] = {S_INIT("kind"), S_INIT("code")},
    [MARKED_VIEW] = {S_INIT("view"), S_INIT("code")},
    [MARKED_SOURCE] = {S_INIT("source"), S_INIT("string")},
    [MARKED_ID] = {S_INIT("id"), S_INIT("string")},
    [MARKED_TITLE] = {S_INIT("title"), S_INIT("string")},
    [MARKED_NUMBER] = {S_INIT("number"), S_INIT("integer")}};

static model_type type_of(const model *m, int element) {
    return model_find_type(m, elements[element].type);
}

void export_model_make(mappings *m) {
    export_model *e = &m->export;
    model_type base = model_find_type(m->model, S("Element"));
    e->head = model_add_type(m->model, S("Export.export"), base);
    e->criterion = model_add_type(m->model, S("Export.criterion"), base);
    e->mark = model_add_type(m->model, S("Export.mark"), base);
    for (int i = 0; i < EXPORT_KEYS; i++) {
        model_type owner = i < CRITERION_ID ? e->head : i < MARKED_KIND ? e->criterion : e->mark;
        model_element known;
        e->keys[i] = model_add_key(m->model, elements[i].name);
        if (!model_element_of(m->model, owner, e->keys[i], &known))
            model_add_element(m->model, owner, e->keys[i], type_of(m->model, i), false);
    }
    e->root = model_add_type(m->model, S("Export"), m->record_type);
    e->key_head = model_add_key(m->model, S("export"));
    e->key_criterion = model_add_key(m->model, S("criterion"));
    model_add_element(m->model, e->root, e->key_head, e->head, false);
    e->key_mark = model_add_key(m->model, S("mark"));
    model_add_element(m->model, e->root, e->key_criterion, e->criterion, true);
    model_add_element(m->model, e->root, e->key_mark, e->mark, true);
}

typedef struct document {
    const mappings *set;
    tape_builder to;
} document;

static void put(document *d, int element, str text) {
    if (text.n)
        tape_primitive(&d->to, d->set->export.keys[element], type_of(d->set->model, element), text,
                       0);
}

enum { VERSION_SHOWN = 12 };

static void put_head(document *d, const study *s, const export_facts *facts) {
    uint32_t at = tape_open(&d->to, d->set->export.key_head, d->set->export.head, 0);
    if (s) {
        put(d, EXPORT_STUDY, s->id);
        put(d, EXPORT_STUDY_NUMBER, s->identifier_value);
        put(d, EXPORT_STUDY_TITLE, s->title);
        put(d, EXPORT_CRITERIA_VERSION, str_slice(s->digest, 0, VERSION_SHOWN));
    }
    put(d, EXPORT_SITE, d->set->site.id);
    put(d, EXPORT_SUBJECT, facts->subject);
    put(d, EXPORT_EVALUATED, facts->evaluated);
    if (s && facts->subject.n) put(d, EXPORT_ENROLLED, facts->enrolled ? S("true") : S("false"));
    if (facts->verdict) put(d, EXPORT_VERDICT, verdict_name(facts->verdict->kind));
    if (facts->conduct) {
        put(d, EXPORT_ARM, facts->conduct->arm);
        put(d, EXPORT_ARM_TITLE, facts->conduct->arm_title);
    }
    tape_close(&d->to, at);
}

static void put_criterion(document *d, const criterion_info *c, const finding *f) {
    uint32_t at = tape_open(&d->to, d->set->export.key_criterion, d->set->export.criterion, 0);
    put(d, CRITERION_ID, c->id);
    put(d, CRITERION_KIND, criterion_kind_name(c->kind));
    put(d, CRITERION_TEXT, c->text);
    if (f) {
        put(d, CRITERION_RESULT, result_name(f->result));
        put(d, CRITERION_REASON, reason_name(f->reason));
    }
    tape_close(&d->to, at);
}

static void put_mark(document *d, const conduct *c, const row_mark *mark) {
    static const str kinds[] = {S_INIT("visit"), S_INIT("baseline"), S_INIT("scheme")};
    uint32_t at = tape_open(&d->to, d->set->export.key_mark, d->set->export.mark, 0);
    put(d, MARKED_KIND, kinds[mark->kind]);
    put(d, MARKED_VIEW, mark->view);
    put(d, MARKED_SOURCE, mark->source);
    if (mark->kind == MARK_VISIT) {
        const visit_window *v = &c->visits[mark->at];
        put(d, MARKED_ID, v->id);
        put(d, MARKED_TITLE, v->title);
        put(d, MARKED_NUMBER, arena_printf(d->to.arena, "%td", v->number));
    } else if (mark->kind == MARK_SCHEME) {
        put(d, MARKED_ID, c->study->schemes[mark->at].id);
    }
    tape_close(&d->to, at);
}

/* A row that was made by an earlier mapping, or could not be made, says nothing. */
static bool unusable(const mappings *m, const tape *record, uint32_t row) {
    return tape_child(record, row, m->key_stale) != TAPE_NONE ||
           tape_child(record, row, m->key_error) != TAPE_NONE;
}

bool record_whole(const mappings *m, const tape *record) {
    for (uint32_t i = 1; i < record->n; i = record->nodes[i].next)
        if (record->nodes[i].key == m->key_failed || unusable(m, record, i)) return false;
    return true;
}

void export_document(const mappings *m, const study *s, arena *arena, const tape *record,
                     const export_facts *facts, tape *out) {
    document d = {m, tape_begin(arena, m->model)};
    uint32_t root = tape_open(&d.to, KEY_NONE, m->export.root, NODE_RESOURCE);
    for (uint32_t i = 1; record && i < record->n; i = record->nodes[i].next)
        if (!unusable(m, record, i)) tape_copy(&d.to, record, i, record->nodes[i].key);
    put_head(&d, s, facts);
    for (isize i = 0; s && i < s->criterion_count; i++)
        put_criterion(&d, &s->criteria[i].info,
                      facts->verdict ? &facts->verdict->findings[i] : NULL);
    for (isize i = 0; facts->conduct && i < facts->conduct->mark_count; i++)
        put_mark(&d, facts->conduct, &facts->conduct->marks[i]);
    tape_close(&d.to, root);
    *out = tape_finish(&d.to, (str){0});
}
