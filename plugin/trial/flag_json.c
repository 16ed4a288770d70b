/* SPDX-License-Identifier: Apache-2.0 */
/* The R4 Flag as it is posted, and the identifier by which it is found again. The text is neutral:
 * no narrative, no value, no display of what the Flag rests on. */
#include "trial/trial.h"

enum { DETAILS = 50 };

static void member(buf *out, const char *before, str value) {
    buf_add(out, str_from(before));
    buf_json_string(out, value);
}

static void write_extensions(const flag_state *state, const str *evidence, isize n, buf *out) {
    member(out,
           "\"extension\":[{\"url\":\"http://hl7.org/fhir/StructureDefinition/flag-priority\","
           "\"valueCodeableConcept\":{\"coding\":[{\"system\":\"http://hl7.org/fhir/"
           "flag-priority-code\",\"code\":",
           state->code == VERDICT_ELIGIBLE ? S("PM") : S("PL"));
    buf_add(out, S("}]}}"));
    for (isize i = 0; i < n && i < DETAILS; i++) {
        member(out,
               ",{\"url\":\"http://hl7.org/fhir/StructureDefinition/flag-detail\","
               "\"valueReference\":{\"reference\":",
               evidence[i]);
        buf_add(out, S("}}"));
    }
    buf_byte(out, ']');
}

static str status_name(flag_status status) {
    return status == FLAG_ACTIVE     ? S("active")
           : status == FLAG_INACTIVE ? S("inactive")
                                     : S("entered-in-error");
}

static void write_code(const study *s, const flag_state *state, const flag_target *target,
                       buf *out) {
    buf_printf(out,
               ",\"category\":[{\"coding\":[{\"system\":\"http://terminology.hl7.org/"
               "CodeSystem/flag-category\",%s}]}]",
               study_guideline(s) ? "\"code\":\"clinical\",\"display\":\"Clinical\""
                                  : "\"code\":\"research\",\"display\":\"Research\"");
    member(out, ",\"code\":{\"coding\":[{\"system\":", target->code_system);
    member(out, ",\"code\":", verdict_name(state->code));
    member(out, "}],\"text\":", study_flag_text(s));
    buf_byte(out, '}');
}

static void write_subject(const flag_target *target, buf *out) {
    if (target->subject.n) {
        member(out, ",\"subject\":{\"reference\":", target->subject);
        buf_byte(out, '}');
        return;
    }
    member(out, ",\"subject\":{\"identifier\":{\"system\":", target->subject_system);
    member(out, ",\"value\":", target->subject_value);
    buf_add(out, S("}}"));
}

static void write_period(const flag_state *state, buf *out) {
    if (!state->start.n && !state->end.n) return;
    buf_add(out, S(",\"period\":{"));
    if (state->start.n) member(out, "\"start\":", state->start);
    if (state->end.n) member(out, state->start.n ? ",\"end\":" : "\"end\":", state->end);
    buf_byte(out, '}');
}

static void write_author(const flag_target *target, buf *out) {
    if (target->author_device.n) {
        member(out, ",\"author\":{\"reference\":", target->author_device);
        buf_byte(out, '}');
        return;
    }
    if (!target->author_display.n && !target->author_value.n) return;
    buf_add(out, S(",\"author\":{"));
    if (target->author_display.n) member(out, "\"display\":", target->author_display);
    if (target->author_value.n) {
        if (target->author_display.n) buf_byte(out, ',');
        buf_add(out, S("\"identifier\":{"));
        if (target->author_system.n) {
            member(out, "\"system\":", target->author_system);
            buf_byte(out, ',');
        }
        member(out, "\"value\":", target->author_value);
        buf_byte(out, '}');
    }
    buf_byte(out, '}');
}

void flag_write(const study *s, const flag_state *state, const flag_target *target,
                const str *evidence, isize n, buf *out) {
    buf_add(out, S("{\"resourceType\":\"Flag\","));
    write_extensions(state, evidence, n, out);
    member(out, ",\"identifier\":[{\"use\":\"official\",\"system\":", target->identifier_system);
    member(out, ",\"value\":", target->identifier_value);
    member(out, "}],\"status\":", status_name(state->status));
    write_code(s, state, target, out);
    write_subject(target, out);
    write_period(state, out);
    write_author(target, out);
    buf_byte(out, '}');
}

/* Version-8 UUID of the parts joined by 1F; false when they are too long or the digest fails. */
static bool keyed_uuid(const digest *d, str site_key, const str *parts, isize count,
                       char uuid[36]) {
    char text[4096];
    uint8_t bytes[DIGEST_BYTES];
    isize n = 0;
    for (isize i = 0; i < count; i++) {
        if (parts[i].n > (isize)sizeof text - 1 - n) return false;
        if (i) text[n++] = 0x1f;
        for (isize k = 0; k < parts[i].n; k++) text[n++] = parts[i].p[k];
    }
    if (!d->hmac_sha256(site_key, (str){text, n}, bytes)) return false;
    digest_uuid8(bytes, uuid);
    return true;
}

bool flag_identifier(const digest *d, str site_key, str endpoint, str study, str patient_key,
                     char uuid[36]) {
    const str parts[] = {S("flag"), endpoint, study, patient_key};
    return keyed_uuid(d, site_key, parts, COUNT_OF(parts), uuid);
}

bool export_pseudonym(const digest *d, str site_key, str scope, str kind, str thing,
                      char uuid[36]) {
    const str parts[] = {S("export"), scope, kind, thing};
    return keyed_uuid(d, site_key, parts, COUNT_OF(parts), uuid);
}
