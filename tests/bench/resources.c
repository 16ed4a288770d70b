/* SPDX-License-Identifier: Apache-2.0 */
#include "resources.h"

#include <stdio.h>

#define COUNT(list)   (sizeof(list) / sizeof(list)[0])
#define PICK(s, list) ((list)[choose(s, COUNT(list))])

#define LOINC  "http://loinc.org"
#define SNOMED "http://snomed.info/sct"
#define UCUM   "http://unitsofmeasure.org"
#define HL7    "http://terminology.hl7.org/CodeSystem/"
#define CORE   "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"

enum { UUID_ROOM = 37, DATE_ROOM = 36, TIME_ROOM = 72, NAME_ROOM = 64 };

/* The state of one patient's sequence, and who it is. */
typedef struct story {
    emitter *e;
    uint64_t random;
    char id[UUID_ROOM];
} story;

static const char *const families[] = {"Abernathy524", "Müller881",    "Núñez77",
                                       "O'Keefe54",    "Schröder9",    "Łukasz12",
                                       "山田3",        "Bashirian201", "Zieme486"};
static const char *const givens[] = {"Aaron697", "Bérénice3", "Cristóbal567",
                                     "Émile12",  "Jürgen4",   "Kelley196",
                                     "太郎8",    "Zoë77",     "Dominique369"};
static const char *const cities[] = {"Worcester", "Springfield", "Boston", "Lowell", "New Bedford"};

typedef struct measured {
    const char *code, *display, *unit;
    unsigned low, high; /* in units of the last place */
    int places;
    const char *normal_low, *normal_high;
} measured;

static const measured vital_signs[] = {
    {"8302-2", "Body Height", "cm", 1200, 2050, 1, 0, 0},
    {"29463-7", "Body Weight", "kg", 350, 1400, 1, 0, 0},
    {"39156-5", "Body mass index (BMI) [Ratio]", "kg/m2", 1500, 4500, 2, 0, 0},
    {"8867-4", "Heart rate", "/min", 48, 130, 0, 0, 0},
    {"9279-1", "Respiratory rate", "/min", 10, 30, 0, 0, 0},
    {"8310-5", "Body temperature", "Cel", 350, 410, 1, 0, 0},
    {"2708-6", "Oxygen saturation in Arterial blood", "%", 82, 100, 0, 0, 0},
};
static const measured laboratory[] = {
    {"6690-2", "Leukocytes [#/volume] in Blood by Automated count", "10*3/uL", 200, 1500, 2, "4.5",
     "11.0"},
    {"718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 60, 180, 1, "12.0", "17.5"},
    {"777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL", 20, 500, 0, "150",
     "400"},
    {"2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", 10, 400, 2, "0.60", "1.30"},
    {"1975-2", "Bilirubin.total [Mass/volume] in Serum or Plasma", "mg/dL", 0, 50, 1, "0.1", "1.2"},
    {"2339-0", "Glucose [Mass/volume] in Blood", "mg/dL", 500, 2800, 1, "70", "99"},
    {"4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", 400, 1200, 2, "4.00", "5.60"},
    {"1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "U/L", 50,
     2000, 1, "7", "56"},
};

/* --- chance, always the same: SplitMix64 --- */

static uint64_t next(story *s) {
    uint64_t z = s->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static unsigned choose(story *s, uint64_t n) { return (unsigned)((next(s) >> 32) * n >> 32); }

static unsigned between(story *s, unsigned low, unsigned high) {
    return low + choose(s, high - low + 1);
}

/* True in `share` of a thousand cases. */
static bool chance(story *s, unsigned share) { return choose(s, 1000) < share; }

static void make_uuid(story *s, char id[UUID_ROOM]) {
    static const char hex[] = "0123456789abcdef";
    uint64_t bits = 0;
    for (int i = 0, taken = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (!dash && taken++ % 16 == 0) bits = next(s);
        id[i] = dash ? '-' : hex[bits & 15];
        if (!dash) bits >>= 4;
    }
    id[36] = 0;
}

/* Two calls of chance never stand in one argument list: compilers order them differently. */

static void make_date(story *s, char text[DATE_ROOM], unsigned first, unsigned last) {
    unsigned year = between(s, first, last), month = between(s, 1, 12);
    snprintf(text, DATE_ROOM, "%04u-%02u-%02u", year, month, between(s, 1, 28));
}

/* Date and time without a zone. */
static void make_time(story *s, char text[TIME_ROOM]) {
    char date[DATE_ROOM];
    make_date(s, date, 2008, 2024);
    unsigned hour = choose(s, 24), minute = choose(s, 60);
    snprintf(text, TIME_ROOM, "%sT%02u:%02u:%02u", date, hour, minute, choose(s, 60));
}

/* A given name and a family name. */
static void make_name(story *s, char text[NAME_ROOM]) {
    const char *given = PICK(s, givens);
    snprintf(text, NAME_ROOM, "%s %s", given, PICK(s, families));
}

/* --- parts --- */

static void coding(emitter *e, const char *system, const char *code, const char *display) {
    emit_object(e, NULL);
    emit_text(e, "system", system);
    emit_text(e, "code", code);
    if (display) emit_text(e, "display", display);
    emit_end(e);
}

static void concept(emitter *e, const char *name, const char *system, const char *code,
                    const char *display, const char *text) {
    emit_object(e, name);
    emit_list(e, "coding");
    coding(e, system, code, display);
    emit_end(e);
    if (text) emit_text(e, "text", text);
    emit_end(e);
}

static void reference(story *s, const char *name, const char *type) {
    char id[UUID_ROOM];
    make_uuid(s, id);
    emit_object(s->e, name);
    emit_format(s->e, "reference", "%s/%s", type, id);
    emit_end(s->e);
}

static void reference_patient(story *s) {
    emit_object(s->e, "subject");
    emit_format(s->e, "reference", "Patient/%s", s->id);
    emit_end(s->e);
}

static void meta(story *s, const char *time, const char *profile) {
    char id[UUID_ROOM];
    make_uuid(s, id);
    emit_object(s->e, "meta");
    emit_text(s->e, "versionId", "1");
    emit_format(s->e, "lastUpdated", "%s.%03u+00:00", time, choose(s, 1000));
    emit_format(s->e, "source", "#%.16s", id);
    emit_list(s->e, "profile");
    emit_text(s->e, NULL, profile);
    emit_end(s->e);
    emit_end(s->e);
}

static void performer(story *s, bool nested) {
    char id[UUID_ROOM], name[NAME_ROOM];
    make_uuid(s, id);
    make_name(s, name);
    emit_list(s->e, "performer");
    emit_object(s->e, NULL);
    if (nested) emit_object(s->e, "actor");
    emit_format(s->e, "reference", "Practitioner/%s", id);
    emit_format(s->e, "display", "Dr. %s", name);
    if (nested) emit_end(s->e);
    emit_end(s->e);
    emit_end(s->e);
}

/* `units` of the last of `places` places, written with all of them. */
static void make_decimal(char text[24], unsigned units, int places) {
    unsigned one = 1;
    for (int i = 0; i < places; i++) one *= 10;
    if (places)
        snprintf(text, 24, "%u.%0*u", units / one, places, units % one);
    else
        snprintf(text, 24, "%u", units);
}

static void quantity(emitter *e, const char *name, const char *value, const char *unit) {
    emit_object(e, name);
    emit_literal(e, "value", value);
    emit_text(e, "unit", unit);
    emit_text(e, "system", UCUM);
    emit_text(e, "code", unit);
    emit_end(e);
}

/* --- Observations --- */

/* All up to the value: what every Observation has. */
static void observation_head(story *s, const char *category, const char *code, const char *display,
                             bool escaped) {
    char time[TIME_ROOM];
    make_time(s, time);
    meta(s, time,
         category[0] == 'l' ? CORE "observation-lab"
                            : "http://hl7.org/fhir/StructureDefinition/vitalsigns");
    emit_text(s->e, "status", chance(s, 970) ? "final" : "amended");
    emit_list(s->e, "category");
    concept(s->e, NULL, HL7 "observation-category", category, category, NULL);
    emit_end(s->e);
    emit_object(s->e, "code");
    emit_list(s->e, "coding");
    if (chance(s, 80)) {
        char local[16];
        snprintf(local, sizeof local, "%u", between(s, 1, 99999));
        coding(s->e, "urn:oid:1.2.840.114350.1.13.5325.1.7.5.737384.0", local, "Local name");
    }
    emit_object(s->e, NULL);
    emit_text(s->e, "system", LOINC);
    if (escaped)
        emit_escaped_digits(s->e, "code", code);
    else
        emit_text(s->e, "code", code);
    emit_text(s->e, "display", display);
    emit_end(s->e);
    emit_end(s->e);
    emit_text(s->e, "text", display);
    emit_end(s->e);
    reference_patient(s);
    reference(s, "encounter", "Encounter");
    emit_format(s->e, "effectiveDateTime", "%s-05:00", time);
    emit_format(s->e, "issued", "%s.%03u-05:00", time, choose(s, 1000));
    performer(s, false);
}

/* A score from 0 to 10 with up to two places; one in twenty with an exponent. */
static void make_score(story *s, char text[24]) {
    static const int places[] = {0, 1, 1, 2};
    static const unsigned one[] = {1, 10, 100};
    int p = PICK(s, places);
    make_decimal(text, choose(s, 10 * one[p] + 1), p);
    if (chance(s, 50)) snprintf(text, 24, "%u.50e0", choose(s, 10));
}

static void pain(story *s) {
    char score[24];
    observation_head(s, "survey", "72514-3",
                     "Pain severity - 0-10 verbal numeric rating [Score] - Reported", chance(s, 2));
    unsigned kind = choose(s, 100);
    if (kind < 4) {
        concept(s->e, "dataAbsentReason", HL7 "data-absent-reason", "asked-declined", NULL, NULL);
    } else if (kind < 12) {
        snprintf(score, sizeof score, "%u", choose(s, 11));
        emit_literal(s->e, "valueInteger", score);
    } else {
        make_score(s, score);
        quantity(s->e, "valueQuantity", score, "{score}");
    }
    if (!chance(s, 100)) return;
    emit_list(s->e, "note");
    emit_object(s->e, NULL);
    emit_text(s->e, "text",
              "Patient said: \"it hurts\twhen I move\"\nasked twice, \u201cworse at night\u201d");
    emit_end(s->e);
    emit_end(s->e);
}

static void ecog(story *s) {
    unsigned grade = choose(s, 5);
    char code[16], display[24], text[16];
    snprintf(code, sizeof code, "LA%u-%u", 9622 + grade, grade);
    snprintf(display, sizeof display, "ECOG grade %u", grade);
    snprintf(text, sizeof text, "Grade %u", grade);
    observation_head(s, "survey", "89247-1", "ECOG Performance Status score", false);
    concept(s->e, "valueCodeableConcept", LOINC, code, display, text);
}

static void karnofsky(story *s) {
    char text[8];
    observation_head(s, "survey", "89243-0", "Karnofsky Performance Status score", false);
    snprintf(text, sizeof text, "%u", 10 * between(s, 1, 10));
    emit_literal(s->e, "valueInteger", text);
}

static void component(story *s, const char *code, const char *display, unsigned low,
                      unsigned high) {
    char value[24];
    make_decimal(value, between(s, low, high), 0);
    emit_object(s->e, NULL);
    concept(s->e, "code", LOINC, code, display, display);
    quantity(s->e, "valueQuantity", value, "mm[Hg]");
    emit_end(s->e);
}

static void blood_pressure(story *s) {
    observation_head(s, "vital-signs", "85354-9", "Blood pressure panel with all children optional",
                     false);
    emit_list(s->e, "component");
    component(s, "8462-4", "Diastolic Blood Pressure", 50, 110);
    component(s, "8480-6", "Systolic Blood Pressure", 85, 200);
    emit_end(s->e);
}

static void vital_sign(story *s) {
    const measured *m = &PICK(s, vital_signs);
    char value[24];
    make_decimal(value, between(s, m->low, m->high), m->places);
    observation_head(s, "vital-signs", m->code, m->display, false);
    quantity(s->e, "valueQuantity", value, m->unit);
    if (!chance(s, 10)) return;
    /* The code of a pain score where it is only talked about. */
    emit_list(s->e, "note");
    emit_object(s->e, NULL);
    emit_text(s->e, "text", "No score \"72514-3\" was taken");
    emit_end(s->e);
    emit_end(s->e);
}

static void laboratory_value(story *s) {
    const measured *m = &PICK(s, laboratory);
    char value[24];
    make_decimal(value, between(s, m->low, m->high), m->places);
    observation_head(s, "laboratory", m->code, m->display, false);
    quantity(s->e, "valueQuantity", value, m->unit);
    emit_list(s->e, "interpretation");
    concept(s->e, NULL, HL7 "v3-ObservationInterpretation", chance(s, 700) ? "N" : "H", NULL, NULL);
    emit_end(s->e);
    reference(s, "specimen", "Specimen");
    emit_list(s->e, "referenceRange");
    emit_object(s->e, NULL);
    quantity(s->e, "low", m->normal_low, m->unit);
    quantity(s->e, "high", m->normal_high, m->unit);
    concept(s->e, "type", HL7 "referencerange-meaning", "normal", "Normal Range", NULL);
    emit_end(s->e);
    emit_end(s->e);
}

static void survey(story *s) {
    static const char *const answers[][4] = {
        {"72166-2", "Tobacco smoking status NHIS", "266919005", "Never smoker (finding)"},
        {"76504-0", "Total score [HARK]", "385676005", "Score"},
        {"93025-5",
         "Protocol for Responding to and Assessing Patients' Assets, Risks, and Experiences",
         "160903007", "Full-time employment (finding)"},
    };
    const char *const *a = PICK(s, answers);
    observation_head(s, "survey", a[0], a[1], false);
    concept(s->e, "valueCodeableConcept", SNOMED, a[2], a[3], a[3]);
}

static void observation(story *s) {
    unsigned kind = choose(s, 100);
    if (kind < 6)
        pain(s);
    else if (kind < 8)
        ecog(s);
    else if (kind < 10)
        karnofsky(s);
    else if (kind < 22)
        blood_pressure(s);
    else if (kind < 50)
        vital_sign(s);
    else if (kind < 90)
        laboratory_value(s);
    else
        survey(s);
}

/* --- Procedure, Patient --- */

static void procedure(story *s) {
    static const char *const kinds[][2] = {
        {"703423002", "Combined chemotherapy and radiation therapy (procedure)"},
        {"430193006", "Medication Reconciliation (procedure)"},
        {"73761001", "Colonoscopy (procedure)"},
        {"367336001", "Chemotherapy (procedure)"},
        {"33195004", "Teleradiotherapy procedure (procedure)"},
        {"234723000", "Replantation \"as received\" of tooth (procedure)"},
    };
    const char *const *kind = PICK(s, kinds);
    char time[TIME_ROOM], id[UUID_ROOM];
    make_time(s, time);
    meta(s, time, CORE "procedure");
    emit_text(s->e, "status", "completed");
    concept(s->e, "code", SNOMED, kind[0], kind[1], kind[1]);
    reference_patient(s);
    reference(s, "encounter", "Encounter");
    emit_object(s->e, "performedPeriod");
    emit_format(s->e, "start", "%s-05:00", time);
    emit_format(s->e, "end", "%.17s59-05:00", time);
    emit_end(s->e);
    performer(s, true);
    make_uuid(s, id);
    emit_object(s->e, "location");
    emit_format(s->e, "reference", "Location/%s", id);
    emit_format(s->e, "display", "GENERAL HOSPITAL, %s", PICK(s, cities));
    emit_end(s->e);
    make_uuid(s, id);
    emit_list(s->e, "reasonReference");
    emit_object(s->e, NULL);
    emit_format(s->e, "reference", "Condition/%s", id);
    emit_text(s->e, "display", "Non-small cell carcinoma of lung, TNM stage 1 (disorder)");
    emit_end(s->e);
    emit_end(s->e);
}

static void omb_extension(emitter *e, const char *url, const char *code, const char *display) {
    emit_extension(e, url);
    emit_list(e, "extension");
    emit_extension(e, "ombCategory");
    emit_object(e, "valueCoding");
    emit_text(e, "system", "urn:oid:2.16.840.1.113883.6.238");
    emit_text(e, "code", code);
    emit_text(e, "display", display);
    emit_end(e);
    emit_end(e);
    emit_extension(e, "text");
    emit_text(e, "valueString", display);
    emit_end(e);
    emit_end(e);
    emit_end(e);
}

static void patient_extensions(story *s) {
    char years[24], name[NAME_ROOM];
    make_name(s, name);
    emit_list(s->e, "extension");
    omb_extension(s->e, CORE "race", "2106-3", "White");
    omb_extension(s->e, CORE "ethnicity", "2186-5", "Not Hispanic or Latino");
    emit_extension(s->e, "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName");
    emit_text(s->e, "valueString", name);
    emit_end(s->e);
    emit_extension(s->e, CORE "birthsex");
    emit_text(s->e, "valueCode", chance(s, 500) ? "M" : "F");
    emit_end(s->e);
    emit_extension(s->e, "http://synthetichealth.github.io/synthea/disability-adjusted-life-years");
    make_decimal(years, choose(s, 2000000000), 8);
    emit_literal(s->e, "valueDecimal", years);
    emit_end(s->e);
    emit_end(s->e);
}

static void identifier(emitter *e, const char *code, const char *text, const char *system,
                       const char *value) {
    emit_object(e, NULL);
    if (code) concept(e, "type", HL7 "v2-0203", code, text, text);
    emit_text(e, "system", system);
    emit_text(e, "value", value);
    emit_end(e);
}

static void patient_identifiers(story *s) {
    char number[24];
    unsigned group = between(s, 10, 99);
    emit_list(s->e, "identifier");
    identifier(s->e, NULL, NULL, "https://github.com/synthetichealth/synthea", s->id);
    identifier(s->e, "MR", "Medical Record Number", "http://hospital.smarthealthit.org", s->id);
    snprintf(number, sizeof number, "999-%02u-%04u", group, between(s, 1000, 9999));
    identifier(s->e, "SS", "Social Security Number", "http://hl7.org/fhir/sid/us-ssn", number);
    snprintf(number, sizeof number, "S999%05u", choose(s, 100000));
    identifier(s->e, "DL", "Driver's license number", "urn:oid:2.16.840.1.113883.4.3.25", number);
    emit_end(s->e);
}

/* One coordinate as a nested extension, with zeros at the end. */
static void degrees(story *s, const char *url, const char *whole) {
    char value[24];
    snprintf(value, sizeof value, "%s.%07u0000000", whole, choose(s, 10000000));
    emit_extension(s->e, url);
    emit_literal(s->e, "valueDecimal", value);
    emit_end(s->e);
}

static void patient_address(story *s) {
    unsigned house = between(s, 1, 999);
    const char *street = PICK(s, families);
    emit_list(s->e, "address");
    emit_object(s->e, NULL);
    emit_list(s->e, "extension");
    emit_extension(s->e, "http://hl7.org/fhir/StructureDefinition/geolocation");
    emit_list(s->e, "extension");
    degrees(s, "latitude", "42");
    degrees(s, "longitude", "-71");
    emit_end(s->e);
    emit_end(s->e);
    emit_end(s->e);
    emit_list(s->e, "line");
    emit_format(s->e, NULL, "%u %s Street Apt %u", house, street, between(s, 1, 99));
    emit_end(s->e);
    emit_text(s->e, "city", PICK(s, cities));
    emit_text(s->e, "state", "MA");
    emit_text(s->e, "country", "US");
    emit_end(s->e);
    emit_end(s->e);
}

static void patient_name(story *s, const char *given, const char *family) {
    emit_list(s->e, "name");
    emit_object(s->e, NULL);
    emit_text(s->e, "use", "official");
    emit_text(s->e, "family", family);
    emit_list(s->e, "given");
    emit_text(s->e, NULL, given);
    emit_text(s->e, NULL, PICK(s, givens));
    emit_end(s->e);
    emit_list(s->e, "prefix");
    emit_text(s->e, NULL, chance(s, 500) ? "Mr." : "Ms.");
    emit_end(s->e);
    emit_end(s->e);
    emit_end(s->e);
    emit_list(s->e, "telecom");
    emit_object(s->e, NULL);
    emit_text(s->e, "system", "phone");
    emit_format(s->e, "value", "555-010-%04u", choose(s, 10000));
    emit_text(s->e, "use", "home");
    emit_end(s->e);
    emit_end(s->e);
}

static void patient(story *s) {
    const char *given = PICK(s, givens), *family = PICK(s, families);
    char time[TIME_ROOM], born[DATE_ROOM], div[256];
    make_time(s, time);
    meta(s, time, CORE "patient");
    emit_object(s->e, "text");
    emit_text(s->e, "status", "generated");
    snprintf(div, sizeof div,
             "<div xmlns=\"http://www.w3.org/1999/xhtml\">Invented for a benchmark. <b>%s %s</b> "
             "\u2014 number %u</div>",
             given, family, choose(s, 1u << 30));
    emit_div(s->e, div);
    emit_end(s->e);
    patient_extensions(s);
    patient_identifiers(s);
    patient_name(s, given, family);
    emit_text(s->e, "gender", chance(s, 500) ? "male" : "female");
    make_date(s, born, 1930, 2012);
    emit_text(s->e, "birthDate", born);
    patient_address(s);
    concept(s->e, "maritalStatus", HL7 "v3-MaritalStatus", "M", "Married", "Married");
    emit_literal(s->e, "multipleBirthBoolean", "false");
    emit_list(s->e, "communication");
    emit_object(s->e, NULL);
    concept(s->e, "language", "urn:ietf:bcp:47", "en-US", "English (United States)",
            "English (United States)");
    emit_end(s->e);
    emit_end(s->e);
}

void resources_of_patient(emitter *e, uint64_t seed, uint64_t number, const resource_sink *sink) {
    story s = {.e = e, .random = seed << 40 ^ number};
    char id[UUID_ROOM];
    make_uuid(&s, s.id);
    sink->begin(sink->user, e, "Patient", s.id);
    patient(&s);
    if (!sink->end(sink->user, e)) return;
    for (unsigned left = between(&s, 30, 90); left; left--) {
        bool is_procedure = chance(&s, 100);
        make_uuid(&s, id);
        sink->begin(sink->user, e, is_procedure ? "Procedure" : "Observation", id);
        if (is_procedure)
            procedure(&s);
        else
            observation(&s);
        if (!sink->end(sink->user, e)) return;
    }
}
