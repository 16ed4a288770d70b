#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Writes training.ndjson: sixty invented subjects of NCT02847754, none of them a person or taken from one.

The numbers are those that the abstract reports: of 60 randomized (30 and 30) 56 got the therapy (CON 29, INT 27); at
least 80 % of the planned sessions were completed by 16 of 29 and 18 of 27, in home-based training (INT) by 9 of 14; new
pathologic fractures after three months were 3 (CON) and 1 (INT). Who is who below is invented. Radiotherapy ends on
31 January, so the visit is due on 30 April.
"""

import json
import pathlib

OUT = pathlib.Path(__file__).resolve().parent / "training.ndjson"
SCT = "http://snomed.info/sct"
MEASURE = "https://fhirtrial.example/fhir/CodeSystem/trial-measure"
PLANNED = 60
ENOUGH = 48  # 80 % of 60

# arm: (treated, completed, fractures); the others of the thirty got no therapy
ARMS = {"CON": (29, 16, 3), "INT": (27, 18, 1)}
RANDOMIZED = 30
HOME_BASED, HOME_COMPLETED = 14, 9


def coding(system, code):
    return {"coding": [{"system": system, "code": code}]}


def measure(subject, name, value):
    return {
        "resourceType": "Observation",
        "id": f"{subject}-{name}",
        "status": "final",
        "code": coding(MEASURE, name),
        "subject": {"reference": f"Patient/{subject}"},
        "effectiveDateTime": "2025-04-30",
        **value,
    }


def condition(subject, name, code, **members):
    return {
        "resourceType": "Condition",
        "id": f"{subject}-{name}",
        "clinicalStatus": coding("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
        "verificationStatus": coding("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
        "code": code,
        "subject": {"reference": f"Patient/{subject}"},
        **members,
    }


def enrolled(subject, arm):
    yield {"resourceType": "Patient", "id": subject, "birthDate": "1960-05-17"}
    yield {
        "resourceType": "ResearchSubject",
        "id": f"{subject}-enrolled",
        "status": "on-study",
        "period": {"start": "2025-01-13"},
        "study": {"identifier": {"system": "https://clinicaltrials.gov", "value": "NCT02847754"}},
        "individual": {"reference": f"Patient/{subject}"},
        "assignedArm": arm,
    }


def treated(subject, sessions, home):
    yield {
        "resourceType": "Procedure",
        "id": f"{subject}-radiotherapy",
        "status": "completed",
        "code": coding(SCT, "1217123003"),
        "subject": {"reference": f"Patient/{subject}"},
        "performedPeriod": {"start": "2025-01-20", "end": "2025-01-31"},
        "bodySite": [coding(SCT, "35769007")],
    }
    yield measure(subject, "training-sessions-planned", {"valueInteger": PLANNED})
    yield measure(subject, "training-sessions-completed", {"valueInteger": sessions})
    if home is not None:
        yield measure(subject, "training-home-based", {"valueBoolean": home})
    yield {
        "resourceType": "ImagingStudy",
        "id": f"{subject}-ct",
        "status": "available",
        "subject": {"reference": f"Patient/{subject}"},
        "started": "2025-04-28",
        "modality": [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "CT"}],
    }


def fracture(subject, onset, level="53983007"):
    site = [coding(SCT, level)]
    return condition(subject, f"fracture-{onset}", coding(SCT, "866087009"), bodySite=site, onsetDateTime=onset)


def sessions_of(number, completed):
    """The first `completed` of an arm reach the 80 %, the first of them and the first who does not by one session."""
    if number <= completed:
        return ENOUGH if number == 1 else min(PLANNED, ENOUGH + number)
    return ENOUGH - 1 if number == completed + 1 else number


def home_of(arm, number, completed):
    """Home-based are the first 9 who completed and the first 5 who did not."""
    if arm != "INT":
        return None
    return number <= HOME_COMPLETED or completed < number <= completed + HOME_BASED - HOME_COMPLETED


def subjects():
    for arm, (count, completed, fractures) in ARMS.items():
        for number in range(1, RANDOMIZED + 1):
            subject = f"{arm.lower()}-{number:02}"
            resources = list(enrolled(subject, arm))
            if number <= count:
                resources += treated(subject, sessions_of(number, completed), home_of(arm, number, completed))
            if number <= fractures:
                resources.append(fracture(subject, "2025-03-15"))
            if number == 1:  # the same event again, two weeks later: no second one
                resources.append(fracture(subject, "2025-03-29"))
            if number == 10:  # before the radiotherapy, and on its last day: not new
                resources += [fracture(subject, "2024-11-02"), fracture(subject, "2025-01-31", "71996003")]
            yield subject, resources


def main():
    with OUT.open("w", encoding="ascii") as out:
        for subject, resources in subjects():
            bundle = {"resourceType": "Bundle", "id": subject, "type": "collection"}
            bundle["entry"] = [{"resource": resource} for resource in resources]
            out.write(json.dumps(bundle, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
