# SPDX-License-Identifier: Apache-2.0
"""The patients of the synthetic cohort: every one of them is invented.

Each patient exists for one rule or boundary, named by the patient's id. Facts that decide
against a patient come before the pain score and the performance status, so that no verdict
is positive for a moment only; `late` resources are the exception, on purpose.
"""

from cohort_fhir import (ABLATION, ELECTRONIC_BRACHYTHERAPY, FINDING, ICD10CM, INTRAOPERATIVE, KYPHO_IORT,
                         LOINC, RADIOTHERAPY, SCT, TRAINING, Person, concept, quantity)

EARLIER = {"versionId": "1", "lastUpdated": "2025-05-05T10:15:00Z"}
LATER = {"versionId": "1", "lastUpdated": "2025-05-09T16:40:00Z"}


def usual(person, *, primary="prostate", lesion="L1", ecog=1, pain=6):
    """What most patients have: a primary, an imaged metastasis, a performance status and pain."""
    if primary:
        person.primary(primary)
    if lesion:
        person.lesion(lesion)
    if ecog is not None:
        person.ecog(ecog)
    if pain is not None:
        person.pain(pain)
    return person


def man(name, birth="1956-03-14", **more):
    return Person(name, "male", birth, **more)


def woman(name, birth, **more):
    return Person(name, "female", birth, **more)


def eligible_but_for_people():
    p = man("st-001-everything-met", meta={"versionId": "3", "lastUpdated": "2025-06-24T09:00:00Z"})
    consent = p.consent("permit", study=RADIOTHERAPY)
    p.research_subject(RADIOTHERAPY, "screening", "2025-06-28", consent)
    p.life_expectancy(9, when="2025-06-24")
    p.kps(80, interpretation=(LOINC, "LA29177-5"))
    usual(p, pain=None)
    p.pain(6, when="2025-06-27T08:30:00+02:00",
           meta={"versionId": "1", "lastUpdated": "2025-06-27T06:31:12Z"})
    yield p

    p = woman("st-002-negative-hcg", "1986-09-12")
    p.pregnancy_test("negative")
    p.primary("breast")
    report = p.report(p.imaging())
    p.lesion("T10", imaging=None, evidence=report)
    p.ecog(0)
    p.pain(5)
    yield p


def performance_status():
    p = man("st-003-ecog-interpretation")
    p.primary("prostate")
    lesion = p.lesion("L1", imaging=None)
    p.imaging(of=lesion["id"])
    p.observation("ecog", (LOINC, "89247-1"), {}, interpretation=(LOINC, "LA9623-5"))
    p.pain(3, when={"start": "2025-06-26T06:00:00Z", "end": "2025-06-26T18:00:00Z"})
    yield p

    p = man("st-004-ecog-german")
    p.lesion("T8")
    p.observation("ecog", (SCT, "423740007", "ECOG performance status"),
                  {"valueCodeableConcept": concept((SCT, "422512005"))})
    p.pain({"valueQuantity": quantity(35, "mm", "mm")}, kind="vas", meta=EARLIER | {
        "lastUpdated": "2025-06-26T11:00:00Z"})
    p.observation_first()
    yield p

    p = man("st-005-ecog-string")
    p.lesion("L1")
    p.observation("ecog", (LOINC, "89247-1"), {"valueString": "ECOG 1"})
    p.pain({"valueInteger": 35}, kind="vas-sct", limits=(0, 100), when="2025-06-25T07:00:00Z")
    yield p

    p = man("st-006-ecog-range")
    usual(p, ecog=None, pain=None)
    p.observation("ecog", (LOINC, "89247-1"), {"valueString": "1-2"})
    p.pain(6)
    yield p

    p = man("st-007-ecog-conflict")
    p.ecog(1, interpretation=(LOINC, "LA9625-0"))
    yield usual(p, ecog=None)

    p = man("st-008-ecog-2-kps-50")
    p.kps(50)
    yield usual(p, ecog=2)

    yield usual(man("st-009-ecog-3-alone"), ecog=3)

    p = man("st-010-kps-65-alone")
    p.kps(65)
    yield usual(p, ecog=None)

    p = man("st-011-kps-65-ecog-2")
    p.kps(65)
    yield usual(p, ecog=2)

    p = man("st-013-ecog-3-kps-50")
    p.kps({"valueCodeableConcept": concept((LOINC, "LA29180-9"))})
    yield usual(p, ecog=3)

    p = man("st-017-ecog-stale")
    p.ecog(1, when="2025-04-10")
    yield usual(p, ecog=None)


def transaction_patients():
    p = man("st-012-kps-60")
    p.kps({"valueQuantity": quantity(60, "%", "%")})
    yield usual(p, ecog=None, primary="breast")

    p = man("st-036-cervical-and-thoracic")
    p.lesion("C5")
    yield usual(p, lesion="T10")

    p = woman("st-065-hysterectomy", "1974-08-08")
    p.procedure((SCT, "236886002"), "2015-04-21", label="hysterectomy")
    yield usual(p, primary="breast")


def prognosis():
    p = man("st-014-life-4-months")
    p.life_expectancy(4)
    p.kps({"valueCodeableConcept": concept((LOINC, "LA9627-6"))})
    yield usual(p, ecog=None)

    p = man("st-015-linden-a")
    p.kps(60)
    yield usual(p, primary="lung")

    p = man("st-016-life-6-months")
    p.life_expectancy(6)
    yield usual(p)

    p = man("st-087-linden-visceral")
    p.facts(visceral_metastases=True)
    p.kps(80)
    yield usual(p, primary="lung")

    p = man("st-088-linden-a-or-b")
    p.life_expectancy(9)
    p.kps(80)
    yield usual(p, primary="lung")

    p = man("st-089-linden-c")
    p.facts(visceral_metastases=False)
    p.life_expectancy(9)
    p.kps(90)
    yield usual(p, primary="breast")


def age():
    yield usual(man("st-018-age-18-today", "2007-06-30"))
    yield usual(man("st-019-age-17", "2007-07-01"))
    yield usual(man("st-020-born-2007", "2007"))

    p = man("st-021-age-50-today", "1975-06-30")
    p.condition((SCT, "422512005"), label="ecog", onset="2025-06-24", recorded="2025-06-24")
    yield usual(p, ecog=None)

    p = man("st-022-born-1975", "1975")
    p.kps(90)
    yield usual(p, ecog=3)


def pain():
    p = usual(man("st-023-pain-1"), pain=1)
    p.observation_first()
    yield p

    p = usual(man("st-025-pain-2-decimal"), pain=None)
    p.pain(2.6193550580780443)
    yield p

    p = usual(man("st-026-pain-missing"), pain=None)
    p.pain({"valueQuantity": quantity(99)}, when="2025-06-24")
    p.pain({}, absent="not-asked")
    yield p

    p = usual(man("st-027-pain-out-of-range"), pain=None)
    p.pain(35, when="2025-06-24")
    p.pain(11)
    yield p

    p = usual(man("st-028-vas-70-no-unit"), pain=None)
    p.pain({"valueInteger": 70}, kind="vas")
    yield p

    p = usual(man("st-029-vas-sct-35"), pain=None)
    p.pain({"valueInteger": 35}, kind="vas-sct")
    yield p

    p = usual(man("st-030-faces"), pain=None)
    p.pain({"valueInteger": 6}, kind="faces")
    yield p

    p = usual(man("st-031-pain-in-mg"), pain=None)
    p.pain({"valueQuantity": quantity(6, "mg", "mg")}, kind="vas")
    yield p

    p = usual(man("st-032-pain-stale"), pain=None)
    p.pain(7, when="2025-06-05")
    yield p

    p = usual(man("st-033-entered-in-error"), pain=None)
    p.pain(2, when="2025-06-20", meta={"versionId": "1", "lastUpdated": "2025-06-20T10:00:00Z"})
    p.pain(9, when="2025-06-27", status="entered-in-error",
           meta={"versionId": "2", "lastUpdated": "2025-06-27T15:00:00Z"})
    yield p

    p = usual(man("st-083-pain-latest"), pain=None)
    p.pain(2, when="2025-06-26", issued="2025-06-26T17:00:00Z")
    p.pain(8, when="2025-06-26", issued="2025-06-26T09:00:00Z")
    p.pain(9, when="2025-06-19")
    yield p

    p = usual(man("st-084-pain-missing-later"), pain=None)
    p.pain({"valueQuantity": quantity(99)}, when="2025-06-27")
    p.pain(6, when="2025-06-24")
    yield p

    p = usual(man("st-085-vas-later"), pain=None)
    p.pain({"valueInteger": 70}, kind="vas", when="2025-06-27")
    p.pain(6, when="2025-06-24")
    yield p

    p = usual(man("st-080-pain-0"), pain=None)
    p.pain({"valueInteger": 0})
    yield p

    p = man("st-078-not-ecog-not-pain")
    p.observation("ecog", (LOINC, "89247-1"), {"valueInteger": -1})
    p.pain({"valueInteger": 7}, kind="interference")
    yield usual(p, ecog=None, pain=None)


def lesions():
    p = man("st-034-bone-metastasis")
    p.condition((ICD10CM, "C79.51", "Secondary malignant neoplasm of bone"), label="metastasis",
                evidence=p.imaging())
    yield usual(p, lesion=None)

    yield usual(man("st-035-cervical-only"), lesion="C5")

    p = man("st-037-no-imaging-link")
    p.imaging()
    p.lesion("L1", imaging=None)
    yield usual(p, lesion=None)

    p = man("st-038-x-ray-only")
    p.lesion("L1", imaging="DX")
    yield usual(p, lesion=None)

    p = man("st-039-refuted")
    p.lesion("L1", verification="refuted", clinical=None)
    yield usual(p, lesion=None)

    p = man("st-040-level-not-stated")
    p.lesion(region="column")
    yield usual(p, lesion=None)

    p = man("st-041-five-levels")
    p.lesion("T5", "T8", "T11")
    p.lesion("L1", "L3")
    yield usual(p, lesion=None)

    p = man("st-081-level-in-text")
    p.lesion(region="column", site_text="Th10")
    yield usual(p, lesion=None)

    p = man("st-086-imaging-complete")
    p.facts(imaging_complete=True)
    yield usual(p)


def radiotherapy():
    p = man("st-042-rt-t12")
    p.course("T12", dose=3000, fractions=10)
    yield usual(p)

    p = man("st-043-rt-l3")
    p.course("L3", dose=3000, fractions=10)
    yield usual(p)

    p = man("st-044-rt-no-modality")
    p.course("T12", modality=None, dose=2000, fractions=5)
    yield usual(p)

    p = man("st-045-rt-lumbar-group")
    p.course("lumbar", dose=800, fractions=1)
    yield usual(p)

    p = man("st-046-rt-no-site")
    p.course(dose=2000, fractions=5)
    yield usual(p)

    p = man("st-047-iort-l1")
    p.course("L1", modality=ELECTRONIC_BRACHYTHERAPY, technique=INTRAOPERATIVE, dose=800, fractions=1,
             period=("2024-11-04", "2024-11-04"))
    yield usual(p)

    p = man("st-048-rt-volume-l2")
    p.course(volume=p.volume("L2"), dose=2000, fractions=5)
    yield usual(p)

    p = man("st-049-course-updated")
    uid = "urn:oid:2.25.210469173001"
    p.course("T6", course_uid=uid, dose=500, fractions=1, period=("2025-05-05", None),
             status="in-progress", meta=EARLIER)
    p.course("T6", course_uid=uid, dose=2500, fractions=5, period=("2025-05-05", "2025-05-09"),
             meta=LATER, late=True)
    yield usual(p, lesion="L4")

    p = man("st-050-rt-schemes")
    p.course("T5", dose=3000, fractions=5, period=("2024-03-04", "2024-03-08"))
    p.course("T8", dose=3000, fractions=10)
    p.course("L4", status="preparation", period=None)
    yield usual(p, lesion="L4")


def exclusions():
    p = man("st-051-osteosarcoma")
    p.condition((SCT, "307576001"), label="bone-tumour")
    yield usual(p, primary=None)

    p = man("st-052-vertebral-primary")
    p.condition((ICD10CM, "C41.2"), label="bone-tumour")
    yield usual(p, primary=None)

    p = man("st-053-plasmacytoma")
    p.condition((SCT, "415112005", "Plasmacytoma"), label="plasmacytoma")
    yield usual(p, primary=None)

    p = usual(man("st-054-compression-later"))
    p.condition((SCT, "71286001", "Spinal cord compression"), label="compression", onset="2025-06-29",
                recorded="2025-06-29", late=True)
    yield p

    p = man("st-082-compression-resolved")
    p.condition((SCT, "71286001", "Spinal cord compression"), label="compression", onset="2023-01-09",
                recorded="2023-01-10", clinical="resolved")
    yield usual(p)

    p = man("st-056-epidural-hint")
    p.consent("permit", scope="patient-privacy", category="rsdid")
    p.condition((SCT, "94601008", "Secondary malignant neoplasm of spinal meninges"), label="meninges")
    yield usual(p)


def xml_patients():
    p = usual(man("st-024-pain-2"), pain=None)
    p.pain({"valueCodeableConcept": concept((LOINC, "LA6113-0", "2 or more"))})
    yield p

    p = man("st-055-compression")
    p.condition((ICD10CM, "G95.20", "Unspecified cord compression"), label="compression",
                onset="2025-06-18")
    yield usual(p)

    p = woman("st-061-woman-56", "1969-05-05")
    p.facts(menarche=True, sterilised=False, amenorrhoea_other_cause=False)
    p.last_period("2019-08-01")
    yield usual(p, primary="breast")


def childbearing():
    def menopause_case(name, birth, *fsh):
        p = woman(name, birth)
        p.facts(menarche=True, sterilised=False, amenorrhoea_other_cause=False)
        p.last_period("2024-03-10")
        p.fsh(*fsh)
        return p

    for name, *fsh in (("st-057-fsh-40", 40.0, "mIU/mL", "m[IU]/mL"),
                       ("st-058-fsh-40-1-ucum", 40.1, "IU/L", "[IU]/L"),
                       ("st-059-fsh-40-1-alias", 40.1, "mIU/mL"),
                       ("st-060-fsh-40-1-u-per-l", 40.1, "U/L", "U/L")):
        yield usual(menopause_case(name, "1975-02-11", *fsh), primary="breast")

    p = menopause_case("st-062-woman-44-fsh-90", "1980-10-10", 90, "IU/L", "[IU]/L")
    p.pregnancy_test("positive")
    yield usual(p, primary="breast")

    p = menopause_case("st-063-woman-45-fsh-90", "1979-09-09", 90, "IU/L", "[IU]/L")
    yield usual(p, primary="breast")

    p = woman("st-064-positive-hcg", "1986-01-20")
    p.pregnancy_test("positive", serum=True)
    yield usual(p, primary="breast")

    p = woman("st-066-two-oophorectomies", "1978-11-30")
    p.procedure((SCT, "302377002"), "2012-02-14", label="left-oophorectomy")
    p.procedure((SCT, "302376006"), "2018-10-02", label="right-oophorectomy")
    yield usual(p, primary="breast")

    p = woman("st-067-one-oophorectomy", "1982-07-07")
    p.procedure((SCT, "302377002"), "2012-02-14", label="left-oophorectomy")
    p.procedure((SCT, "252160004", "Standard pregnancy test"), "2025-06-24", label="pregnancy-test")
    yield usual(p, primary="breast")

    p = woman("st-068-stale-hcg", "1985-05-17")
    p.pregnancy_test("negative", when="2025-05-20")
    yield usual(p, primary="breast")

    yield usual(Person("st-069-gender-other", "other", "1970-04-01"))


def life_of_a_flag():
    yield usual(man("st-070-deceased", death="2025-06-28T04:10:00Z"))

    p = man("st-071-consent-denied")
    p.consent("deny")
    yield usual(p)

    p = man("st-072-enrolled")
    consent = p.consent("permit", study=RADIOTHERAPY)
    p.research_subject(RADIOTHERAPY, "on-study", "2025-06-28", consent)
    yield usual(p)

    yield man("st-073-demographics-only")


def merged():
    """Two records of one man: only together do they hold all that screening asks."""
    old = man("st-074-merged-old", meta={"versionId": "1", "lastUpdated": "2025-06-20T08:00:00Z"})
    old.ecog(1)
    old.pain(6)
    yield old
    new = man("st-075-merged-new")
    new.primary("prostate")
    new.lesion("L1")
    yield new
    old.patient(meta={"versionId": "2", "lastUpdated": "2025-06-29T08:00:00Z"},
                replaced_by=new.name, late=True)


def fractures():
    p = man("st-076-fracture-encounters")
    for code, recorded in (("M84.58XA", "2025-05-14"), ("M84.58XD", "2025-06-11")):
        p.condition((ICD10CM, code), label="fracture", sites=["L2"], onset="2025-05-12",
                    recorded=recorded)
    yield usual(p, lesion="L2")

    p = man("st-079-metastatic-fracture")
    fracture = (SCT, "866087009", "Metastatic fracture of vertebra")
    p.condition(fracture, label="fracture", sites=["T11"], onset="2025-06-09", evidence=p.imaging("CT"))
    yield usual(p, lesion=None)

    p = woman("st-077-osteoporotic-fracture", "1948-12-24")
    p.condition((SCT, "443165006", "Osteoporotic fracture of bone"), label="fracture",
                onset="2025-05-30")
    p.ecog(1)
    p.pain(3.464)
    yield p


def ablation():
    """The Shanghai study: patients are randomized after the operation."""
    p = man("st-090-ablation")
    p.ablation("L1", when="2025-06-16")
    yield usual(p)

    p = man("st-091-ablation-pain-3")
    p.ablation("L1", when="2025-06-16")
    yield usual(p, pain=3)

    p = man("st-092-ablation-t4")
    p.ablation("T4", when="2025-06-16")
    yield usual(p, lesion="T4")

    p = man("st-093-ablation-three-bodies")
    p.ablation("T12", "L1", "L2", when="2025-06-16")
    yield usual(p)

    p = man("st-094-ablation-control-arm")
    p.research_subject(ABLATION, "on-study", "2025-06-14", arm="control")
    p.ablation("L1", when="2025-06-02")
    p.course("L1", dose=2400, fractions=4, period=("2025-06-16", "2025-06-24"))
    yield usual(p)

    p = man("st-095-ablation-experimental-arm")
    p.research_subject(ABLATION, "on-study", "2025-06-14", arm="experimental")
    p.ablation("L1", when="2025-06-02")
    p.administration("CHEMO", "2025-06-10")
    yield usual(p)


def training():
    """NCT02847754: palliative radiotherapy of an unstable spine."""
    p = man("st-096-palliative-10-fractions")
    p.course("T8", dose=3000, fractions=10, period=("2025-06-02", "2025-06-13"))
    yield usual(p, lesion="T8")

    p = man("st-097-palliative-4-fractions")
    p.course("T8", dose=1600, fractions=4, period=("2025-06-02", "2025-06-05"))
    yield usual(p, lesion="T8")

    p = man("st-098-palliative-operated")
    p.procedure((SCT, "447833007"), "2025-05-20", label="fixation", sites=["T8"])
    p.course("T8", dose=3000, fractions=10, period=("2025-06-02", "2025-06-13"))
    yield usual(p, lesion="T8")


def guideline():
    """What the care guideline looks for."""
    p = usual(man("st-099-compression-suspected"))
    p.condition((SCT, "71286001", "Spinal cord compression"), label="compression",
                onset="2025-06-29T18:00:00Z", recorded="2025-06-29", verification="provisional")
    yield p

    p = usual(man("st-100-radicular-pain-imaged"), lesion=None)
    pain = p.condition((FINDING, "KREUZ-RADIK"), label="radicular", onset="2025-06-09T09:00:00Z",
                       recorded="2025-06-09")
    study = p.imaging(date="2025-06-12T10:00:00Z", of=pain["id"])
    p.lesion("L1", imaging=None, evidence=study)
    yield p

    p = man("st-101-pain-after-radiotherapy")
    p.course("T8", dose=3000, fractions=10, period=("2025-03-03", "2025-03-14"))
    p.pain(3, when="2025-05-12")
    yield usual(p, lesion="L4")


def ndjson_patients():
    for group in (eligible_but_for_people, performance_status, prognosis, age, pain, lesions,
                  radiotherapy, exclusions, childbearing, life_of_a_flag, merged, fractures,
                  ablation, training, guideline):
        yield from group()


STUDIES = ((RADIOTHERAPY, "Radiotherapy with vertebroplasty against radiotherapy alone"),
           (KYPHO_IORT, "Kypho-IORT against external beam radiotherapy"),
           (TRAINING, "Isometric paravertebral muscle training"),
           (ABLATION, "Ablation and augmentation with or without stereotactic radiotherapy"))
