# SPDX-License-Identifier: Apache-2.0
"""Exports: official schemas, what was written down by hand of the cohort, and that nobody is named."""

import csv
import datetime
import hashlib
import hmac
import io
import json
import os
import re
import stat
import unittest
import uuid
import xml.etree.ElementTree as ElementTree

import cohort
import harness
from trial_site import Site

FORMATS = ("csv", "ndjson", "redcap", "dataset-json", "dataset-ndjson", "odm", "fhir-definitions")
OF_ONE_STUDY = ("redcap", "dataset-json", "dataset-ndjson", "odm")
STUDY = "nct04242589"
ODM = "{http://www.cdisc.org/ns/odm/v1.3}"
# ISO 8601 as SDTM's --DTC: as much of it as is known.
DTC = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?")


def export(site, form, out, *options, now=cohort.NOW):
    return harness.fhirtrial(
        "export", "--config", site.path, "--now", now, "--format", form, "--out", out, *options, timeout=120
    )


def files_of(folder):
    """{name relative to the folder: bytes} of every file, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def pseudonym(site, scope, patient):
    """The subject's name as docs/decisions.md (D170) defines it, worked out here."""
    key = (site.folder / site.config["siteKey"]).read_bytes()
    text = "\x1f".join(("export", scope, "subject", f"{site.source}|{patient}"))
    return str(uuid8(hmac.new(key, text.encode(), hashlib.sha256).digest()))


def uuid8(digest):
    """RFC 9562 section 5.8: version 8 and the variant over the first 16 bytes."""
    raw = bytearray(digest[:16])
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(raw))


class Exports(unittest.TestCase):
    """The demo cohort, exported in every format."""

    time_limit = 180

    @classmethod
    def setUpClass(cls):
        cls.site = Site(studies=cohort.STUDIES)
        cls.site.feed(*cohort.FILES)
        cls.out = harness.new_folder("export")
        for form in FORMATS:
            options = ("--study", STUDY, "--subjects", "all") if form in OF_ONE_STUDY else ()
            done = export(cls.site, form, f"{cls.out}/{form}/", *options)
            if done.returncode != 0:
                raise AssertionError(f"export {form}: {done.returncode}: {done.stderr.decode()}")

    def datasets(self):
        """{name: Dataset-JSON object} of the whole study."""
        return {
            path.stem: json.loads(path.read_text())
            for path in (self.out / "dataset-json").iterdir()
            if path.name != "manifest.json"
        }

    def rows(self, name):
        """The rows of a dataset as dicts."""
        dataset = self.datasets()[name]
        names = [column["name"] for column in dataset["columns"]]
        return [dict(zip(names, row)) for row in dataset["rows"]]

    def test_dataset_json_is_valid_by_the_official_schema(self):
        try:
            import jsonschema
        except ImportError:
            self.fail("python3-jsonschema is not installed: ./bootstrap check installs it")
        schema = json.loads(harness.shared("samples", "cdisc-dataset-json", "dataset.schema.json").read_text())
        validator = jsonschema.Draft201909Validator(schema)
        datasets = self.datasets()
        self.assertEqual(sorted(datasets), ["ce", "dm", "ex", "fa", "ie", "pr", "qs", "rs", "ti", "xe"])
        for name, dataset in datasets.items():
            with self.subTest(name):
                self.assertEqual([error.message for error in validator.iter_errors(dataset)], [])
                self.assertEqual(dataset["records"], len(dataset["rows"]))
                self.assertEqual(dataset["datasetJSONCreationDateTime"], cohort.NOW)
                self.assertEqual(dataset["itemGroupOID"], f"IG.{name.upper()}")

    def test_every_value_has_its_columns_type(self):
        for name, dataset in self.datasets().items():
            columns = dataset["columns"]
            for row in dataset["rows"]:
                self.assertEqual(len(row), len(columns))
                for column, value in zip(columns, row):
                    with self.subTest(f"{name}.{column['name']}"):
                        if value is None:
                            continue
                        kind = column["dataType"]
                        self.assertIs(type(value), int if kind == "integer" else str)
                        if kind == "decimal":
                            self.assertEqual(column["targetDataType"], "decimal")
                            self.assertRegex(value, r"^-?\d+(\.\d+)?$")
                        if kind == "datetime":
                            self.assertRegex(value, f"^{DTC.pattern}$")

    def test_rows_are_in_the_order_of_their_keys_and_numbered(self):
        for name, dataset in self.datasets().items():
            with self.subTest(name):
                keyed = sorted((c["keySequence"], i) for i, c in enumerate(dataset["columns"]) if "keySequence" in c)
                keys = [[row[i] or "" for _, i in keyed] for row in dataset["rows"]]
                self.assertEqual(keys, sorted(keys))
                subjects = {}
                for row in self.rows(name):
                    number = row.get(f"{name.upper()}SEQ")
                    if number is not None:
                        subjects.setdefault(row["USUBJID"], []).append(number)
                for numbers in subjects.values():
                    self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    def test_the_ndjson_form_holds_the_same(self):
        for name, dataset in self.datasets().items():
            with self.subTest(name):
                lines = (self.out / "dataset-ndjson" / f"{name}.ndjson").read_text().splitlines()
                head = json.loads(lines[0])
                self.assertEqual(head, {k: v for k, v in dataset.items() if k != "rows"})
                self.assertEqual([json.loads(line) for line in lines[1:]], dataset["rows"])

    def subjects(self):
        """{pseudonym: patient} of everybody in the cohort's tables that may leave."""
        everybody = {row["patient"] for row in cohort.table("verdicts") if row["verdict"] != "merged"}
        return {pseudonym(self.site, STUDY, patient): patient for patient in everybody - {"st-071-consent-denied"}}

    def test_dm_has_every_person_once_and_nobody_who_refused(self):
        names = [row["USUBJID"] for row in self.rows("dm")]
        self.assertEqual(len(names), len(set(names)))
        expected = self.subjects()
        self.assertEqual(sorted(expected), sorted(names), {expected.get(n, n) for n in set(expected) ^ set(names)})
        self.assertNotIn(pseudonym(self.site, STUDY, "st-071-consent-denied"), names)
        self.assertNotIn(pseudonym(self.site, STUDY, "st-074-merged-old"), names)

    def test_ie_and_xe_are_what_was_written_down_by_hand(self):
        names = self.subjects()
        failed, all_results = set(), {}
        for (patient, study, criterion), (result, reason, _) in cohort.expected_criteria().items():
            if study != STUDY or patient not in names.values():
                continue
            all_results[patient, criterion] = (result, reason or None)
            if (criterion[0], result) in (("I", "not-met"), ("E", "met")):
                failed.add((patient, criterion, "Y" if result == "met" else "N"))
        self.assertTrue(failed)
        self.assertEqual({(names[r["USUBJID"]], r["IETESTCD"], r["IEORRES"]) for r in self.rows("ie")}, failed)
        found = {
            (names[r["USUBJID"]], r["XETESTCD"]): (r["XESTRESC"], r["XEREASND"])
            for r in self.rows("xe")
            if r["XETESTCD"] != "VERDICT"
        }
        self.assertEqual({key: found.get(key) for key in all_results}, all_results)
        verdicts = {names[r["USUBJID"]]: r["XESTRESC"] for r in self.rows("xe") if r["XETESTCD"] == "VERDICT"}
        expected = cohort.expected_verdicts()
        self.assertEqual(verdicts, {patient: expected[patient, STUDY] for patient in names.values()})

    def of(self, name, patient):
        return [row for row in self.rows(name) if row["USUBJID"] == pseudonym(self.site, STUDY, patient)]

    def test_single_values(self):
        (born,) = self.of("dm", "st-020-born-2007")
        # Born 2007, on 2025-06-30 (no enrolment): 17 or 18, so there is no age.
        self.assertEqual((born["BRTHDTC"], born["AGE"], born["AGEU"]), ("2007", None, None))
        (known,) = self.of("dm", "st-001-everything-met")
        # Born 1956-03-14 (expected-rows.tsv): 69 on 2025-06-30; the birth date leaves as its year.
        self.assertEqual(
            (known["BRTHDTC"], known["AGE"], known["AGEU"], known["SEX"], known["STUDYID"]),
            ("1956", 69, "YEARS", "M", "NCT04242589"),
        )
        (pain,) = self.of("qs", "st-001-everything-met")
        # expected-rows.tsv: effective, score, value_orig of this patient.
        self.assertEqual(
            (pain["QSORRES"], pain["QSSTRESC"], pain["QSSTRESN"], pain["QSDTC"], pain["QSTESTCD"]),
            ("6", "6", "6", "2025-06-27T08:30:00+02:00", "PAINNRS"),
        )
        (open_scale,) = self.of("qs", "st-028-vas-70-no-unit")
        # 70 on a scale that nobody stated: the value as sent, and no score (README).
        self.assertEqual(
            (open_scale["QSORRES"], open_scale["QSSTRESN"], open_scale["QSTESTCD"], open_scale["QSSTAT"]),
            ("70", None, "PAINVAS", None),
        )
        (enrolled,) = self.of("dm", "st-072-enrolled")
        day = enrolled["RFSTDTC"]
        self.assertRegex(day, r"^2025-\d\d-\d\d$")
        for row in self.of("qs", "st-072-enrolled"):
            # SDTM: days from the reference start, which is day 1; there is no day 0.
            days = (datetime.date.fromisoformat(row["QSDTC"][:10]) - datetime.date.fromisoformat(day)).days
            self.assertEqual(row["QSDY"], days + 1 if days >= 0 else days)

    def test_odm_is_valid_by_the_official_schema_and_holds_the_same(self):
        schema = harness.shared("samples", "cdisc-odm", "ODM1-3-2.xsd")
        path = self.out / "odm" / "odm.xml"
        checked = harness.run(["xmllint", "--nonet", "--noout", "--schema", schema, path])
        self.assertEqual(checked.returncode, 0, checked.stderr.decode()[-2000:])
        root = ElementTree.parse(path).getroot()
        found = {}
        for group in root.iter(f"{ODM}ItemGroupData"):
            name = group.get("ItemGroupOID").removeprefix("IG.").lower()
            row = {item.get("ItemOID").rpartition(".")[2]: item.get("Value") for item in group}
            found.setdefault(name, []).append(row)
        for name in self.datasets():
            with self.subTest(name):
                rows = [{k: str(v) for k, v in row.items() if v is not None} for row in self.rows(name)]
                self.assertEqual(found.get(name, []), rows)
        self.assertEqual(
            [subject.get("SubjectKey") for subject in root.iter(f"{ODM}SubjectData")],
            [row["USUBJID"] for row in self.rows("dm")],
        )

    def test_redcap_files_fit_each_other_and_the_datasets(self):
        folder = self.out / "redcap"
        dictionary = list(csv.DictReader(io.StringIO((folder / "data_dictionary.csv").read_text(), newline="")))
        rows = list(csv.DictReader(io.StringIO((folder / "import.csv").read_text(), newline="")))
        fields = [row["Variable / Field Name"] for row in dictionary]
        own = {"record_id", "redcap_repeat_instrument", "redcap_repeat_instance"}
        self.assertEqual(len(fields), len(set(fields)))
        self.assertEqual(set(rows[0]) - own, set(fields) - own)
        for field in fields:
            self.assertRegex(field, r"^[a-z][a-z0-9_]{0,25}$")
        for name in ("qs", "rs", "ce", "fa", "pr", "ie", "xe"):
            with self.subTest(name):
                taken = [
                    {k: v for k, v in row.items() if v and k not in own}
                    for row in rows
                    if row["redcap_repeat_instrument"] == name
                ]
                expected = [
                    {k.lower(): str(v) for k, v in row.items() if v is not None and k not in ("STUDYID", "DOMAIN", "USUBJID")}
                    for row in self.rows(name)
                ]
                self.assertEqual(taken, expected)

    def test_definitions_are_valid_r4(self):
        bundle = json.loads((self.out / "fhir-definitions" / "definitions.json").read_text())
        resources = [entry["resource"] for entry in bundle["entry"]]
        self.assertEqual(
            sorted((r["resourceType"], r["id"]) for r in resources),
            sorted((t, s) for t in ("ResearchStudy", "EvidenceVariable") for s in cohort.STUDIES),
        )
        lines = "\n".join(json.dumps(resource) for resource in resources + [bundle])
        checked = harness.run([harness.node(), harness.SERVERS / "validate-flags.mjs"], stdin=lines.encode())
        self.assertEqual(checked.returncode, 0, checked.stdout.decode()[-2000:])
        for study in cohort.STUDIES:
            protocol = json.loads((harness.ROOT / "mappings" / "studies" / study / "protocol.json").read_text())
            (variable,) = [r for r in resources if (r["resourceType"], r["id"]) == ("EvidenceVariable", study)]
            self.assertEqual(
                [(c["id"], c["description"], c["exclude"]) for c in variable["characteristic"]],
                [
                    (c["id"], c["text"], c["kind"] == "exclusion")
                    for c in protocol["criteria"]
                    if c["kind"] != "report"
                ],
            )

    def test_views_have_the_rows_of_the_record(self):
        """Rows of csv and ndjson are those of `fhirtrial record`, as far as they leave."""
        refused = {"st-071-consent-denied", "st-074-merged-old"}
        records = {p: r for p, r in self.site.records().items() if p not in refused}
        for view in ("pain_score", "condition", "performance_status", "fracture_event"):
            with self.subTest(view):
                expected = sum(len(record.get(view, [])) for record in records.values())
                with open(self.out / "csv" / f"{view}.csv", newline="", encoding="utf-8") as file:
                    rows = list(csv.DictReader(file))
                lines = (self.out / "ndjson" / f"{view}.ndjson").read_text().splitlines()
                self.assertEqual((len(rows), len(lines)), (expected, expected))
        scores = sorted(
            str(row["score"]) for record in records.values() for row in record.get("pain_score", []) if "score" in row
        )
        text = (self.out / "ndjson" / "pain_score.ndjson").read_text()
        self.assertEqual(sorted(re.findall(r'"score":([0-9.]+)', text), key=float), sorted(scores, key=float))

    def test_no_id_name_or_birth_date_of_the_cohort_leaves(self):
        secrets = set()
        for line in cohort.FILES[0].read_text().splitlines():
            resource = json.loads(line)
            if resource["resourceType"] == "ResearchStudy":
                continue  # a study's number is no secret
            secrets.add(resource["id"])
            secrets.update(i["value"] for i in resource.get("identifier", []) if "value" in i)
            if resource["resourceType"] == "Patient":
                secrets.update(n["family"] for n in resource.get("name", []) if "family" in n)
                secrets.update(d for d in [resource.get("birthDate", "")] if len(d) == 10)
        self.assertGreater(len(secrets), 500)
        for name, content in files_of(self.out).items():
            text = content.decode()
            self.assertEqual([s for s in secrets if s in text], [], name)


PLANTED = {
    "id": "plantedpatient77",
    "family": "Zebedeeson",
    "given": "Quirina",
    "mrn": "MRN-9987766",
    "birth": "1951-07-13",
    "street": "Elderberry Crescent",
    "city": "Upper Nowhereham",
    "postal": "QX9 7ZZ",
    "phone": "+49-151-7654321",
    "mail": "quirina@home.example",
    "observation": "obs-sourceid-4711",
    "note": "patient Quirina Z. says hello",
    "performer": "Dr. Wendeline",
    "course": "course-official-0815",
    "device": "device-serial-3141",
}


def planted_resources():
    """One person whose every free text, id and reference could name her."""
    p = PLANTED
    subject = {"reference": f"Patient/{p['id']}", "display": f"{p['given']} {p['family']}", "identifier": {"value": p["mrn"]}}
    sct, loinc = "http://snomed.info/sct", "http://loinc.org"
    yield {
        "resourceType": "Patient", "id": p["id"], "birthDate": p["birth"], "gender": "female",
        "identifier": [{"system": "urn:mrn", "value": p["mrn"]}],
        "name": [{"family": p["family"], "given": [p["given"]], "text": f"{p['given']} {p['family']}"}],
        "address": [{"line": [p["street"]], "city": p["city"], "postalCode": p["postal"]}],
        "telecom": [{"system": "phone", "value": p["phone"]}, {"system": "email", "value": p["mail"]}],
        "contact": [{"name": {"family": p["family"]}}],
    }
    common = {
        "status": "final", "subject": subject, "note": [{"text": p["note"]}],
        "performer": [{"display": p["performer"]}], "device": {"display": p["device"]},
        "identifier": [{"value": p["mrn"]}], "effectiveDateTime": "2025-06-20",
    }
    pain = {"coding": [{"system": loinc, "code": "72514-3", "display": p["note"]}], "text": p["note"]}
    yield {"resourceType": "Observation", "id": p["observation"], "code": pain, "valueQuantity": {"value": 6.50, "unit": p["note"], "system": "http://unitsofmeasure.org", "code": "{score}"}} | common
    yield {"resourceType": "Observation", "id": p["observation"] + "b", "code": pain, "valueString": p["note"]} | common
    yield {"resourceType": "Observation", "id": p["observation"] + "c", "code": pain, "valueQuantity": {"value": 5, "unit": p["note"]}} | common
    yield {
        "resourceType": "Observation", "id": p["observation"] + "d", "valueInteger": 1,
        "code": {"coding": [{"system": loinc, "code": "89247-1", "display": p["note"]}], "text": p["note"]},
    } | common
    yield {
        "resourceType": "Condition", "id": p["observation"] + "e", "subject": subject,
        "verificationStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "confirmed"}]},
        "code": {"coding": [{"system": sct, "code": "866087009", "display": p["note"]}], "text": p["note"]},
        "bodySite": [{"coding": [{"system": sct, "code": "52120002"}], "text": p["note"]}],
        "onsetDateTime": "2025-05", "note": [{"text": p["note"]}], "asserter": {"display": p["performer"]},
        "evidence": [{"detail": [{"reference": f"ImagingStudy/{p['observation']}f"}]}],
    }
    yield {
        "resourceType": "ImagingStudy", "id": p["observation"] + "f", "status": "available", "subject": subject,
        "identifier": [{"system": "urn:dicom:uid", "value": p["device"]}], "started": "2025-06-01", "description": p["note"],
        "modality": [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "MR"}],
        "series": [{"uid": "1.2.3", "modality": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "MR"}}],
    }
    yield {
        "resourceType": "Procedure", "id": p["observation"] + "g", "status": "completed", "subject": subject,
        "identifier": [{"use": "official", "system": "urn:course", "value": p["course"]}],
        "code": {"coding": [{"system": sct, "code": "1217123003", "display": p["note"]}], "text": p["note"]},
        "performedPeriod": {"start": "2025-02", "end": "2025-03"}, "note": [{"text": p["note"]}],
        "performer": [{"actor": {"display": p["performer"]}}],
    }
    yield {
        "resourceType": "Procedure", "id": p["observation"] + "h", "status": "completed", "subject": subject,
        "code": {"coding": [{"system": sct, "code": "401226007"}], "text": p["note"]}, "performedDateTime": "2025-04-02",
    }
    yield {
        "resourceType": "ResearchSubject", "id": p["observation"] + "i", "status": "on-study", "individual": subject,
        "study": {"reference": "ResearchStudy/NCT04242589", "display": p["note"]},
        "identifier": [{"value": p["mrn"]}], "period": {"start": "2025-06-10"},
        "consent": {"reference": f"Consent/{p['observation']}j"},
    }
    yield {
        "resourceType": "Consent", "id": p["observation"] + "j", "status": "active", "patient": subject, "dateTime": "2025-06-05",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "research"}]},
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentcategorycodes", "code": "research", "display": p["note"]}]}],
        "policy": [{"uri": "https://clinicaltrials.gov/NCT04242589"}], "provision": {"type": "permit"},
        "identifier": [{"value": p["mrn"]}],
    }


class Private(unittest.TestCase):
    """A person with identifiers wherever FHIR has room for them."""

    time_limit = 120

    @classmethod
    def setUpClass(cls):
        cls.site = Site(studies=cohort.STUDIES)
        cls.feed = cls.site.folder / "planted.ndjson"
        lines = "".join(json.dumps(resource) + "\n" for resource in planted_resources())
        cls.feed.write_text(lines.replace('"value": 6.5,', '"value": 6.50,'))
        cls.site.feed(cls.feed)

    def test_nothing_planted_is_in_any_export(self):
        out = harness.new_folder("private")
        for form in FORMATS:
            for choice in ("enrolled", "all"):
                options = ("--study", STUDY, "--subjects", choice)
                done = export(self.site, form, f"{out}/{form}/{choice}/", *options)
                self.assertEqual(done.returncode, 0, done.stderr.decode())
                said = done.stdout.decode() + done.stderr.decode()
                for what, secret in PLANTED.items():
                    self.assertNotIn(secret, said, what)
        files = files_of(out)
        self.assertGreater(len(files), 150)
        for name, content in files.items():
            for what, secret in PLANTED.items():
                self.assertNotIn(secret.encode(), content, f"{what} in {name}")
        # What she is in the files for is there all the same.
        datasets = {n.split("/")[-1]: json.loads(c) for n, c in files.items() if n.startswith("dataset-json/all")}
        self.assertEqual({n: len(d["rows"]) for n, d in datasets.items() if "rows" in d and n[:2] in ("dm", "qs", "rs", "ce", "pr")},
                         {"dm.json": 1, "qs.json": 3, "rs.json": 1, "ce.json": 1, "pr.json": 2})
        (dm,) = datasets["dm.json"]["rows"]
        self.assertEqual(dm[:4], ["NCT04242589", "DM", pseudonym(self.site, STUDY, PLANTED["id"])] + [pseudonym(self.site, STUDY, PLANTED["id"])])
        values = dict(zip([c["name"] for c in datasets["dm.json"]["columns"]], dm))
        self.assertEqual((values["RFSTDTC"], values["RFICDTC"], values["BRTHDTC"]), ("2025-06-10", "2025-06-05", "1951"))
        self.assertIn(b'"6.50"', files["dataset-json/all/qs.json"])
        (event,) = datasets["ce.json"]["rows"]
        self.assertIn("2025-05", event)

    def test_a_name_is_another_one_in_each_study(self):
        names = {pseudonym(self.site, scope, PLANTED["id"]) for scope in ("", *cohort.STUDIES)}
        self.assertEqual(len(names), 1 + len(cohort.STUDIES))
        out = harness.new_folder("scopes")
        export(self.site, "ndjson", out / "all")
        export(self.site, "ndjson", out / "one", "--study", STUDY, "--subjects", "all")
        found = {json.loads((out / which / "subject.ndjson").read_text())["subject"] for which in ("all", "one")}
        self.assertEqual(found, {pseudonym(self.site, "", PLANTED["id"]), pseudonym(self.site, STUDY, PLANTED["id"])})


class Writing(unittest.TestCase):
    """Files on disk: the same again, never overwritten, whole or not there."""

    time_limit = 120

    @classmethod
    def setUpClass(cls):
        cls.site = Site(studies=cohort.STUDIES)
        cls.site.feed(cohort.FILES[1], cohort.FILES[2])

    def setUp(self):
        self.out = harness.new_folder("out")

    def test_the_same_store_gives_the_same_bytes(self):
        for form in FORMATS:
            with self.subTest(form):
                for turn in ("a", "b"):
                    self.assertEqual(export(self.site, form, f"{self.out}/{turn}/{form}/").returncode, 0)
        first, second = files_of(self.out / "a"), files_of(self.out / "b")
        self.assertEqual(first, second)
        self.assertTrue(first)

    def test_the_clock_of_the_export_is_recorded(self):
        export(self.site, "dataset-json", self.out, "--study", STUDY, now="2030-01-02T03:04:05Z")
        manifest = json.loads((self.out / "manifest.json").read_text())
        self.assertEqual(manifest["created"], "2030-01-02T03:04:05Z")
        self.assertRegex(manifest["mappings"], "^[0-9a-f]{64}$")
        self.assertRegex(manifest["version"], r"^\d+\.\d+\.\d+$")
        self.assertEqual((manifest["study"], manifest["subjects"]), (STUDY, "candidates"))
        dataset = json.loads((self.out / "ti.json").read_text())
        self.assertEqual(dataset["datasetJSONCreationDateTime"], "2030-01-02T03:04:05Z")
        self.assertEqual(dataset["metaDataVersionOID"], "MDV." + manifest["mappings"])

    def test_what_is_there_is_not_overwritten(self):
        (self.out / "dm.json").write_text("mine")
        done = export(self.site, "dataset-json", self.out, "--study", STUDY)
        self.assertEqual(done.returncode, 1)
        self.assertIn("dm.json", done.stderr.decode())
        self.assertIn("--force", done.stderr.decode())
        self.assertEqual(files_of(self.out), {"dm.json": b"mine"})
        done = export(self.site, "dataset-json", self.out, "--study", STUDY, "--force")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads((self.out / "dm.json").read_text())["name"], "DM")

    def test_files_are_the_owners_and_no_other_is_left(self):
        done = export(self.site, "redcap", self.out / "deep" / "er", "--study", STUDY)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(
            sorted(files_of(self.out)), [f"deep/er/{n}" for n in ("data_dictionary.csv", "import.csv", "manifest.json")]
        )
        self.assertEqual(stat.S_IMODE(os.stat(self.out / "deep" / "er" / "import.csv").st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(self.out / "deep").st_mode), 0o700)

    def test_one_file_may_be_named(self):
        self.assertEqual(export(self.site, "odm", self.out / "my.xml", "--study", STUDY).returncode, 0)
        self.assertEqual(export(self.site, "fhir-definitions", self.out / "my.json").returncode, 0)
        self.assertEqual(sorted(files_of(self.out)), ["my.json", "my.xml"])

    def test_without_a_study_each_has_a_folder(self):
        self.assertEqual(export(self.site, "odm", self.out).returncode, 0)
        self.assertEqual(sorted(files_of(self.out)), sorted(f"{study}/odm.xml" for study in cohort.STUDIES))

    def test_a_folder_that_cannot_be_written_leaves_nothing(self):
        (self.out / "file").write_text("no folder")
        done = export(self.site, "csv", self.out / "file" / "below")
        self.assertEqual(done.returncode, 5)
        self.assertIn(str(self.out / "file"), done.stderr.decode())
        self.assertEqual(sorted(files_of(self.out)), ["file"])

    def test_wrong_use_says_what_is_right(self):
        cases = (
            (("--format", "xpt", "--out", "x"), 2, "dataset-json"),
            (("--out", "x"), 2, "--format is missing"),
            (("--format", "csv"), 2, "--out is missing"),
            (("--format", "csv", "--out", "x", "more"), 2, '"more"'),
            (("--format", "odm", "--out", "x", "--subjects", "some"), 2, "enrolled, candidates or all"),
            (("--format", "csv", "--out", "x", "--subjects", "all"), 2, "--subjects needs --study"),
            (("--format", "odm", "--out", "x", "--study", "nct1"), 4, "nct1"),
            (("--format", "csv", "--out", "x", "--now", "today"), 2, "2025-06-30T12:00:00Z"),
        )
        for arguments, code, text in cases:
            with self.subTest(arguments):
                done = harness.fhirtrial("export", "--config", self.site.path, *arguments, folder=self.out)
                self.assertEqual((done.returncode, done.stdout), (code, b""), done.stderr)
                self.assertIn(text, done.stderr.decode())
        self.assertEqual(files_of(self.out), {})


if __name__ == "__main__":
    unittest.main()
