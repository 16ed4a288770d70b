/* SPDX-License-Identifier: Apache-2.0 */
/* leave.c: how one value leaves: as it is, as its year, as a keyed hash, as a number, or not. */
#include "export/writer.h"

enum { UUID_TEXT = 36, YEAR_DIGITS = 4 };

str leave_pseudonym(const export_job *job, arena *arena, str kind, str thing) {
    char uuid[UUID_TEXT];
    str scope = job->study ? study_id(job->study) : (str){0};
    if (!export_pseudonym(job->digest, job->site_key, scope, kind, thing, uuid))
        fault_raise(arena->landing, FAULT_INTERNAL, -1,
                    "a pseudonym could not be made: HMAC-SHA-256 failed, or an id is too long");
    return arena_str(arena, (str){uuid, UUID_TEXT});
}

static str year_of(str text) {
    if (text.n < YEAR_DIGITS) return (str){0};
    for (isize i = 0; i < YEAR_DIGITS; i++)
        if (text.p[i] < '0' || text.p[i] > '9') return (str){0};
    return str_slice(text, 0, YEAR_DIGITS);
}

str leave_text(const export_job *job, arena *arena, leaving how, str owner, str text) {
    decimal number;
    if (!text.p) return text;
    switch (how) {
    case LEAVE_PLAIN: return text;
    case LEAVE_YEAR: return year_of(text);
    case LEAVE_KEY:
        return leave_pseudonym(
            job, arena, S("row"),
            arena_printf(arena, "%.*s\x1f%.*s", STR_ARGS(owner), STR_ARGS(text)));
    case LEAVE_NUMBER: return decimal_parse(text, &number) ? text : (str){0};
    case LEAVE_NOT: break;
    }
    return (str){0};
}
