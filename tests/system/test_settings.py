# SPDX-License-Identifier: Apache-2.0
"""What a site's settings change: tests/cohort/expected-settings.tsv, each setting a run of its own over the whole cohort."""

import json
import shutil
import unittest

import cohort
import harness
from trial_site import Site

FHIRTRIAL = "https://fhirtrial.example/fhir"


def concept_map(name, source, target, code, to):
    """A site's map that extends the core map of this name by one code."""
    element = {"code": code, "target": [{"code": to, "equivalence": "equivalent"}]}
    return {
        "resourceType": "ConceptMap",
        "url": f"{FHIRTRIAL}/ConceptMap/{name}",
        "status": "active",
        "group": [{"source": source, "target": target, "element": [element]}],
    }


def declare_complete(site, maps):
    site["complete"] = ["condition", "radiotherapy", "procedure"]


def declare_scale(site, maps):
    scale = f"{FHIRTRIAL}/CodeSystem/pain-scale-maximum"
    maps.append(concept_map("pain-site-scale", "http://snomed.info/sct", scale, "443394008", "100"))


def declare_unit(site, maps):
    sent = f"{FHIRTRIAL}/CodeSystem/unit-as-sent"
    maps.append(concept_map("fsh-unit", sent, "http://unitsofmeasure.org", "U/L", "[IU]/L"))


def forget_pain_window(site, maps):
    for parameters in site["parameters"].values():
        parameters.pop("painWindow", None)


# How a setting differs from the demo site.
SETTINGS = {
    "demo-complete": declare_complete,
    "demo-danish-vas": declare_scale,
    "demo-ul-fsh": declare_unit,
    "demo-no-pain-window": forget_pain_window,
}


def mappings_with(change):
    """A copy of the mappings whose demo site is changed."""
    folder = harness.new_folder("mappings") / "mappings"
    shutil.copytree(harness.ROOT / "mappings", folder)
    path = folder / "sites" / "demo" / "site.json"
    site, maps = json.loads(path.read_text()), []
    change(site, maps)
    path.write_text(json.dumps(site))
    for number, one in enumerate(maps):
        (folder / "sites" / "demo" / "conceptmaps" / f"more-{number}.json").write_text(json.dumps(one))
    return folder


class Settings(unittest.TestCase):
    time_limit = 120

    def run_setting(self, setting):
        now, site = cohort.NOW, Site(studies=cohort.STUDIES, guidelines=cohort.GUIDELINES)
        if setting.startswith("demo-clock-"):
            now = setting.removeprefix("demo-clock-") + "T12:00:00Z"
        else:
            site = Site(studies=cohort.STUDIES, guidelines=cohort.GUIDELINES, mappings=mappings_with(SETTINGS[setting]))
        site.add_file()
        done = site.run(*cohort.FILES, now=now)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:].decode())
        verdicts = site.verdicts()
        flags = {}
        for flag in site.sent_to_file():
            patient = flag["subject"]["reference"].removeprefix("Patient/")
            study = flag["code"]["text"].split()[-1].lower()
            flags[patient, study] = f"{flag['status']}:{flag['code']['coding'][0]['code']}"
        return verdicts, flags

    def check(self, setting):
        rows = [row for row in cohort.table("settings") if row["setting"] == setting]
        self.assertTrue(rows)
        verdicts, flags = self.run_setting(setting)
        for row in rows:
            verdict = verdicts[row["patient"], row["study"]]
            with self.subTest(f"{row['patient']} {row['study']} {row['what']}: {row['rule']}"):
                if row["what"] == "verdict":
                    self.assertEqual(verdict["verdict"], row["result"])
                elif row["what"] == "flag":
                    self.assertEqual(flags[row["patient"], row["study"]], row["result"])
                else:
                    found = next(one for one in verdict["criteria"] if one["id"] == row["what"])
                    self.assertEqual((found["result"], found["reason"] or ""), (row["result"], row["reason"]))

    def test_complete_lists(self):
        self.check("demo-complete")

    def test_danish_visual_analogue_scale(self):
        self.check("demo-danish-vas")

    def test_unit_of_the_laboratory(self):
        self.check("demo-ul-fsh")

    def test_no_pain_window(self):
        self.check("demo-no-pain-window")

    def test_clock_2024(self):
        self.check("demo-clock-2024-12-31")

    def test_clock_2025(self):
        self.check("demo-clock-2025-12-31")

    def test_every_setting_is_tested(self):
        named = {row["setting"] for row in cohort.table("settings")}
        self.assertEqual(named, set(SETTINGS) | {"demo-clock-2024-12-31", "demo-clock-2025-12-31"})


if __name__ == "__main__":
    unittest.main()
