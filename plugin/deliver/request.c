/* SPDX-License-Identifier: Apache-2.0 */
/* request.c: the request of each stage, byte for byte. */
#include "deliver/sending.h"

#define ACCEPT "Accept: application/fhir+json"

/* The Flag's identifier is a UUID and may stand in a URL; a patient's number may not, which is why
 * patients are searched with POST. */
static str search_url(slot *slot) {
    const flag_message *m = &slot->message;
    return arena_printf(&slot->arena, "%.*s/Flag?identifier=%.*s&_count=2",
                        STR_ARGS(slot->sender->config->url),
                        STR_ARGS(flag_search_value(&slot->arena, m->system, m->key)));
}

static str flag_url(slot *slot) {
    return arena_printf(&slot->arena, "%.*s/Flag/%.*s", STR_ARGS(slot->sender->config->url),
                        STR_ARGS(slot->remote.fhir_id));
}

static void describe(slot *slot, https_request *r, str *guard) {
    const flag_message *m = &slot->message;
    arena *a = &slot->arena;
    str base = slot->sender->config->url;
    *guard = (str){0};
    switch (slot->stage) {
    case STAGE_LOOKUP:
        r->method = "POST";
        r->url = arena_printf(a, "%.*s/Patient/_search", STR_ARGS(base));
        r->body = arena_printf(a, "identifier=%.*s&_count=2",
                               STR_ARGS(flag_search_value(a, m->subject_system, m->subject_value)));
        break;
    case STAGE_CREATE:
        r->method = "POST";
        r->url = arena_printf(a, "%.*s/Flag", STR_ARGS(base));
        r->body = flag_wire(a, m, (str){0});
        *guard = arena_printf(a, "If-None-Exist: identifier=%.*s",
                              STR_ARGS(flag_search_value(a, m->system, m->key)));
        break;
    case STAGE_UPDATE:
        r->method = "PUT";
        r->url = flag_url(slot);
        r->body = flag_wire(a, m, slot->remote.fhir_id);
        *guard = arena_printf(a, "If-Match: W/\"%.*s\"", STR_ARGS(slot->remote.etag));
        break;
    case STAGE_FETCH:
        r->method = "GET";
        r->url = flag_url(slot);
        break;
    default:
        r->method = "GET";
        r->url = search_url(slot);
        break;
    }
}

bool slot_request(slot *slot) {
    str lines[HTTPS_HEADERS_MOST], guard;
    https_request r = {.headers = lines};
    str authorization =
        slot->sender->credentials ? credentials_header(slot->sender->credentials) : (str){0};
    describe(slot, &r, &guard);
    lines[r.header_count++] = S(ACCEPT);
    lines[r.header_count++] =
        arena_printf(&slot->arena, "X-Request-Id: %s-%d", slot->request_id, slot->hops + 1);
    if (r.body.n > 0) {
        lines[r.header_count++] = slot->stage == STAGE_LOOKUP
                                      ? S("Content-Type: application/x-www-form-urlencoded")
                                      : S("Content-Type: application/fhir+json");
        lines[r.header_count++] = slot->stage == STAGE_LOOKUP
                                      ? S("Prefer: handling=strict")
                                      : S("Prefer: return=representation, handling=strict");
    } else if (slot->stage == STAGE_SEARCH) {
        lines[r.header_count++] = S("Prefer: handling=strict");
    }
    if (guard.n > 0) lines[r.header_count++] = guard;
    if (authorization.n > 0) lines[r.header_count++] = authorization;
    return https_start(slot->sender->https, &slot->exchange, &r);
}
