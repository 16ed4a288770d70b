# SPDX-License-Identifier: Apache-2.0
"""Builders for the FHIR R4 resources of the synthetic cohort.

A builder writes a resource's elements in the order of its R4 definition, so that the
same structure can be written as JSON and as XML (where order matters). `Person`
collects the resources of one invented patient in the order in which the feed sends them.
"""

import hashlib

SCT = "http://snomed.info/sct"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
MCODE = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-"
LOCAL = "https://fhirtrial.example/fhir/CodeSystem/"
HOSPITAL = "https://demo-hospital.example/"
REGISTRY = "https://clinicaltrials.gov"
RADIOTHERAPY = "NCT04242589"
KYPHO_IORT = "NCT02773966"
TRAINING = "NCT02847754"
ABLATION = "SHANGHAI-RFA-PVA-SBRT"
REGISTRIES = {ABLATION: "https://fhirtrial.example/fhir/study-registry"}
FINDING = "https://hospital.example/fhir/CodeSystem/befund"
MEDICINE = "https://hospital.example/fhir/CodeSystem/medikament"

# SNOMED CT codes of single vertebral bodies and of the regions the feed speaks of.
LEVELS = {
    "C5": "67479001",
    "T4": "86197001", "T5": "6105006", "T6": "32430008", "T8": "77435000", "T9": "33766003",
    "T10": "48405002", "T11": "52120002", "T12": "280849005",
    "L1": "61032001", "L2": "53983007", "L3": "55492004", "L4": "71996003",
    "lumbar": "73903008", "thoracic": "35769007",
}
METASTASIS = {
    "column": ("94602001", "Secondary malignant neoplasm of vertebral column"),
    "C": ("94250008", "Secondary malignant neoplasm of cervical vertebral column"),
    "T": ("94274006", "Secondary malignant neoplasm of thoracic vertebral column"),
    "L": ("94389000", "Secondary malignant neoplasm of lumbar vertebral column"),
}
PAIN = {
    "nrs": (LOINC, "72514-3", "Pain severity - 0-10 verbal numeric rating [Score] - Reported"),
    "vas": (LOINC, "38214-3", "Pain severity [Score] Visual analog score"),
    "vas-sct": (SCT, "443394008", "Visual analog scale pain score"),
    "faces": (LOINC, "38221-8", "Pain severity Wong-Baker FACES pain rating scale"),
    "interference": (LOINC, "77565-0", "Pain interference score [BPI Short Form]"),
}
ECOG = (LOINC, "89247-1", "ECOG Performance Status score")
KPS = (LOINC, "89243-0", "Karnofsky Performance Status score")
ECOG_ANSWERS = ["LA9622-7", "LA9623-5", "LA9624-3", "LA9625-0", "LA9626-8", "LA9627-6"]
PRIMARIES = {
    "prostate": (ICD10CM, "C61", "Malignant neoplasm of prostate"),
    "breast": (SCT, "254837009", "Malignant neoplasm of breast"),
    "lung": (SCT, "254637007", "Non-small cell lung cancer"),
}
PHOTONS = (SCT, "1156506007", "External beam radiation therapy using photons")
ELECTRONIC_BRACHYTHERAPY = (SCT, "438629002", None)
INTRAOPERATIVE = (SCT, "168524008", None)


def coding(system, code, display=None):
    return {"system": system, "code": code} | ({"display": display} if display else {})


def concept(*codings, text=None):
    found = {"coding": [coding(*each) for each in codings]} if codings else {}
    return found | ({"text": text} if text else {})


def quantity(value, unit=None, code=None):
    found = {"value": value} | ({"unit": unit} if unit else {})
    return found | ({"system": UCUM, "code": code} if code else {})


def reference(kind, name):
    return {"reference": f"{kind}/{name}"}


def study_reference(registry_id):
    return reference("ResearchStudy", registry_id.lower()) | {
        "identifier": {"system": REGISTRIES.get(registry_id, REGISTRY), "value": registry_id}}


def research_study(registry_id, title):
    return {"resourceType": "ResearchStudy", "id": registry_id.lower(),
            "identifier": [{"system": REGISTRIES.get(registry_id, REGISTRY), "value": registry_id}],
            "title": title, "status": "active"}


class Person:
    """One invented patient: `feed` is what the hospital sends, in order, `late` what it sends last."""

    def __init__(self, name, gender, birth, **more):
        self.name, self.gender, self.birth = name, gender, birth
        self.feed, self.late, self.counts = [], [], {}
        self.patient(**more)

    def patient(self, meta=None, death=None, replaced_by=None, late=False):
        number = hashlib.sha256(self.name.encode()).hexdigest()[:10]
        found = {"resourceType": "Patient", "id": self.name}
        found["meta"] = (meta or {}) | {"tag": [coding(LOCAL + "data-kind", "synthetic")]}
        found["identifier"] = [{"system": HOSPITAL + "mrn", "value": number}]
        found["active"] = replaced_by is None
        found["name"] = [{"family": "Invented", "given": [self.name[:6].upper()]}]
        if self.gender:
            found["gender"] = self.gender
        if self.birth:
            found["birthDate"] = self.birth
        if death:
            found["deceasedDateTime"] = death
        if replaced_by:
            found["link"] = [{"other": reference("Patient", replaced_by), "type": "replaced-by"}]
        return self.add(found, late)

    def add(self, resource, late=False):
        (self.late if late else self.feed).append(resource)
        return resource

    def observation_first(self):
        """Send this patient's last resource before the Patient itself."""
        self.feed.insert(0, self.feed.pop())

    def begin(self, kind, label, meta):
        self.counts[label] = self.counts.get(label, 0) + 1
        number = f"-{self.counts[label]}" if self.counts[label] > 1 else ""
        found = {"resourceType": kind, "id": f"{self.name}-{label}{number}"}
        return found | ({"meta": meta} if meta else {})

    @property
    def subject(self):
        return reference("Patient", self.name)

    # ---- conditions and imaging

    def imaging(self, modality="MR", date="2025-06-12", of=None):
        found = self.begin("ImagingStudy", "imaging", None) | {
            "status": "available", "modality": [coding(DICOM, modality)],
            "subject": self.subject, "started": date}
        if of:
            found["reasonReference"] = [reference("Condition", of)]
        return self.add(found)

    def report(self, study):
        return self.add(self.begin("DiagnosticReport", "report", None) | {
            "status": "final", "code": concept(text="MRI of the spine"), "subject": self.subject,
            "effectiveDateTime": "2025-06-12", "imagingStudy": [reference("ImagingStudy", study["id"])]})

    def condition(self, code, *, label="condition", sites=(), onset=None, recorded="2025-06-13",
                  evidence=None, verification="confirmed", clinical="active", site_text=None, meta=None,
                  late=False):
        found = self.begin("Condition", label, meta)
        if clinical:
            found["clinicalStatus"] = concept((TERMINOLOGY + "condition-clinical", clinical))
        found["verificationStatus"] = concept((TERMINOLOGY + "condition-ver-status", verification))
        found["category"] = [concept((TERMINOLOGY + "condition-category", "encounter-diagnosis"))]
        found["code"] = code if isinstance(code, dict) else concept(code)
        if sites:
            found["bodySite"] = [concept((SCT, LEVELS[site]), text=site) for site in sites]
        if site_text:
            found["bodySite"] = [concept(text=site_text)]
        found["subject"] = self.subject
        if onset:
            found["onsetDateTime"] = onset
        found["recordedDate"] = recorded
        if evidence:
            found["evidence"] = [{"detail": [reference(evidence["resourceType"], evidence["id"])]}]
        return self.add(found, late)

    def primary(self, organ):
        return self.condition(PRIMARIES[organ], label="primary", recorded="2021-02-03")

    def lesion(self, *sites, region=None, imaging="MR", evidence=None, **more):
        """A vertebral metastasis, by default confirmed by an MRI that it names as evidence."""
        evidence = self.imaging(imaging) if imaging else evidence
        code, display = METASTASIS[region or sites[0][0]]
        return self.condition((SCT, code, display), label="metastasis", sites=sites,
                              evidence=evidence, **more)

    # ---- observations

    def observation(self, label, code, value, *, when="2025-06-26", category="survey", status="final",
                    interpretation=None, limits=None, meta=None, absent=None, issued=None):
        found = self.begin("Observation", label, meta) | {
            "status": status,
            "category": [concept((TERMINOLOGY + "observation-category", category))],
            "code": concept(code), "subject": self.subject}
        found["effectivePeriod" if isinstance(when, dict) else "effectiveDateTime"] = when
        if issued:
            found["issued"] = issued
        found |= value
        if absent:
            found["dataAbsentReason"] = concept((TERMINOLOGY + "data-absent-reason", absent))
        if interpretation:
            found["interpretation"] = [concept(interpretation)]
        if limits:
            low, high = limits
            found["referenceRange"] = [{"low": {"value": low}, "high": {"value": high}}]
        return self.add(found)

    def pain(self, value, kind="nrs", **more):
        """`value` is a plain number (a score in {score}) or a value[x] element."""
        if not isinstance(value, dict):
            value = {"valueQuantity": quantity(value, "{score}", "{score}")}
        category = "vital-signs" if kind == "nrs" else "survey"
        return self.observation("pain", PAIN[kind], value, category=category, **more)

    def ecog(self, grade, **more):
        """mCODE's shape: the number and its answer code."""
        more = {"interpretation": (LOINC, ECOG_ANSWERS[grade])} | more
        return self.observation("ecog", ECOG, {"valueInteger": grade}, **more)

    def kps(self, value, **more):
        if not isinstance(value, dict):
            value = {"valueInteger": value}
        return self.observation("kps", KPS, value, **more)

    def life_expectancy(self, months, **more):
        value = {"valueQuantity": quantity(months, "months", "mo")}
        code = (LOCAL + "screening-fact", "life-expectancy")
        return self.observation("life-expectancy", code, value, category="exam", **more)

    def facts(self, **answers):
        """Answers nobody codes: menarche, sterilised, visceral_metastases, imaging_complete ..."""
        for name, answer in answers.items():
            code = (LOCAL + "screening-fact", name.replace("_", "-"))
            self.observation(name.replace("_", "-"), code, {"valueBoolean": answer}, when="2025-06-20")

    def last_period(self, date):
        code = (LOINC, "8665-2", "Last menstrual period start date")
        self.observation("last-period", code, {"valueDateTime": date}, category="social-history",
                         when="2025-06-20")

    def fsh(self, value, unit, code=None):
        analyte = (LOINC, "15067-2", "Follitropin [Units/volume] in Serum or Plasma")
        self.observation("fsh", analyte, {"valueQuantity": quantity(value, unit, code)},
                         category="laboratory", when="2025-06-02")

    def pregnancy_test(self, result, when="2025-06-23", serum=False):
        analyte = (LOINC, "2118-8") if serum else (LOINC, "2106-3")
        answer = {"negative": (SCT, "260385009", "Negative"),
                  "positive": (SCT, "10828004", "Positive")}[result]
        self.observation("hcg", analyte, {"valueCodeableConcept": concept(answer)},
                         category="laboratory", when=when)

    # ---- procedures and radiotherapy

    def procedure(self, code, when, *, label="procedure", status="completed", sites=()):
        found = self.begin("Procedure", label, None) | {
            "status": status, "code": concept(code), "subject": self.subject, "performedDateTime": when}
        if sites:
            found["bodySite"] = [concept((SCT, LEVELS[site]), text=site) for site in sites]
        return self.add(found)

    def ablation(self, *sites, when):
        """Radiofrequency ablation and vertebroplasty of the same vertebrae in one session."""
        self.procedure((SCT, "709084008", "Radiofrequency ablation of lesion of bone"), when,
                       label="ablation", sites=sites)
        self.procedure((SCT, "401226007", "Vertebroplasty"), when, label="vertebroplasty", sites=sites)

    def administration(self, code, when):
        return self.add(self.begin("MedicationAdministration", "administration", None) | {
            "status": "completed", "medicationCodeableConcept": concept((MEDICINE, code)),
            "subject": self.subject, "effectiveDateTime": when})

    def volume(self, site):
        return self.add(self.begin("BodyStructure", "volume", None) | {
            "morphology": concept((SCT, "228793007", "Planning target volume")),
            "location": concept((SCT, LEVELS[site])), "patient": self.subject})

    def course(self, *sites, modality=PHOTONS, technique=None, dose=None, fractions=None, volume=None,
               period=("2024-11-04", "2024-11-15"), status="completed", course_uid=None, label="course",
               meta=None, late=False):
        """A radiotherapy course summary in the shape of mCODE STU4."""
        found = self.begin("Procedure", label, meta)
        extensions = [{"url": MCODE + "procedure-intent",
                       "valueCodeableConcept": concept((SCT, "363676003", "Palliative"))}]
        parts = [{"url": MCODE + "radiotherapy-" + part, "valueCodeableConcept": concept(code)}
                 for part, code in (("modality", modality), ("technique", technique)) if code]
        if parts:
            extensions.append({"extension": parts, "url": MCODE + "radiotherapy-modality-and-technique"})
        if dose or volume:
            delivered = [{"url": "volume", "valueReference": reference("BodyStructure", volume["id"])}
                         ] if volume else []
            delivered += [{"url": "totalDoseDelivered", "valueQuantity": quantity(dose, code="cGy")},
                          {"url": "fractionsDelivered", "valueUnsignedInt": fractions}] if dose else []
            extensions.append({"extension": delivered,
                               "url": MCODE + "radiotherapy-dose-delivered-to-volume"})
        found["extension"] = extensions
        if course_uid:
            found["identifier"] = [{"use": "official", "system": "urn:dicom:uid", "value": course_uid}]
        found |= {"status": status, "code": concept((SCT, "1217123003")), "subject": self.subject}
        if period:
            found["performedPeriod"] = {"start": period[0]} | ({"end": period[1]} if period[1] else {})
        if sites:
            found["bodySite"] = [concept((SCT, LEVELS[site]), text=site) for site in sites]
        return self.add(found, late)

    # ---- consent and enrolment

    def consent(self, decision, *, study=None, scope="research", category="research"):
        codes = TERMINOLOGY + ("consentcategorycodes")
        found = self.begin("Consent", "consent", None) | {
            "status": "active", "scope": concept((TERMINOLOGY + "consentscope", scope)),
            "category": [concept((codes, category))], "patient": self.subject, "dateTime": "2025-06-24"}
        if study:
            found["policy"] = [{"uri": f"{REGISTRY}/study/{study}"}]
        else:
            act = {"deny": "OPTOUT", "permit": "OPTIN"}[decision]
            found["policyRule"] = concept((TERMINOLOGY + "v3-ActCode", act))
        found["provision"] = {"type": decision}
        return self.add(found)

    def research_subject(self, study, status, start, consent=None, arm=None):
        found = self.begin("ResearchSubject", "research-subject", None) | {
            "status": status, "period": {"start": start}, "study": study_reference(study),
            "individual": self.subject}
        if arm:
            found["assignedArm"] = arm
        if consent:
            found["consent"] = reference("Consent", consent["id"])
        return self.add(found)
