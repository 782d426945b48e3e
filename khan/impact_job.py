"""A motion's impact worked out in a process of its own: a job on its standard input, a document out.

`python -m khan.impact_job` is started by the service (`khan.impact_worker`), with a low priority;
it has no connection to the database and no secret. The same job gives the same bytes.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from foundation.errors import Refusal
from governance.impact.document import (
    Document,
    Proposed,
    Subject,
    document_of,
    document_of_none,
    text_of,
)
from khan.impact import REQUESTS_FOR_A_VEHICLE, Compared, measure_town
from roads.pack import CityPack
from rulebook.rule import RuleKind
from simulation.impact.rules import rules_of
from simulation.impact.statement import impacts_of

REQUESTS_MAX = 20_000
"""So many requests of a day, and three proposals, stay under a minute of a processor's time."""

LOW_PRIORITY = 10
"""Beside a thread that is busy it gets a tenth of a processor: not nothing, or it never ends."""

IN_A_HURRY = "--in-a-hurry"
"""Somebody sits and waits: usual priority."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What the service takes for granted in every statement; told in each.

    Attributes
    ----------
    advice
        The share of drivers who follow advice where to wait.
    requests_max
        Of a day with more requests every second, third ... is taken.
    junctions_max
        Of a larger city its middle is played (`simulation.study.middle`); None: all of it.
    """

    seed: int = 1
    elasticity: float = 0.0
    advice: float = 0.5
    max_wait_s: float = 600.0
    requests_max: int = REQUESTS_MAX
    junctions_max: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As the document states it."""
        return {
            "seed": self.seed,
            "elasticity": self.elasticity,
            "advice_share": self.advice,
            "max_wait_s": self.max_wait_s,
            "requests_max": self.requests_max,
            "junctions_max": self.junctions_max,
            "requests_for_a_vehicle": REQUESTS_FOR_A_VEHICLE,
        }

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Assumed":
        """As a document states it; KeyError if it does not."""
        return cls(
            seed=said["seed"],
            elasticity=said["elasticity"],
            advice=said["advice_share"],
            max_wait_s=said["max_wait_s"],
            requests_max=said["requests_max"],
            junctions_max=said["junctions_max"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One motion's text, to be held against today's rules.

    Attributes
    ----------
    city
        Folder of the city's pack.
    today
        Bodies of the rules in force, by kind.
    """

    city: str
    subject: Subject
    today: Mapping[RuleKind, Mapping[str, Any]]
    proposals: tuple[Proposed, ...]
    assumed: Assumed

    def encode(self) -> bytes:
        """As it is handed to the process."""
        return json.dumps(
            {
                "city": self.city,
                "subject": [
                    self.subject.motion_id,
                    self.subject.version,
                    self.subject.kind,
                    dict(self.subject.rests_on),
                ],
                "today": {kind.value: body for kind, body in self.today.items()},
                "proposals": [[one.label, one.body, one.value] for one in self.proposals],
                "assumed": self.assumed.as_json(),
            }
        ).encode()

    @classmethod
    def decode(cls, said: bytes) -> "Job":
        """As `encode` wrote it."""
        value = json.loads(said)
        motion_id, version, kind, rests_on = value["subject"]
        return cls(
            city=value["city"],
            subject=Subject(motion_id=motion_id, version=version, kind=kind, rests_on=rests_on),
            today={RuleKind(kind): body for kind, body in value["today"].items()},
            proposals=tuple(
                Proposed(label=label, body=body, value=number)
                for label, body, number in value["proposals"]
            ),
            assumed=Assumed.of(value["assumed"]),
        )


def work_out(job: Job) -> Document:
    """The document that members see.

    What the rules themselves refuse (a class of car without a price, another currency) is no fault:
    the document then says why there are no figures.

    Raises
    ------
    roads.errors.*, simulation.errors.*, simulation.study.errors.*
        If the city's pack has a fault.
    """
    kind = RuleKind(str(job.subject.kind))
    assumed = job.assumed.as_json()
    today = rules_of(job.today)
    compared = Compared(
        vehicles=None,
        requests_max=job.assumed.requests_max,
        junctions_max=job.assumed.junctions_max,
        advice=job.assumed.advice,
        max_wait=job.assumed.max_wait_s,
        elasticity=job.assumed.elasticity,
        seed=job.assumed.seed,
    )
    try:
        proposed = [today.under(kind, one.body) for one in job.proposals]
    except Refusal as refusal:
        return document_of_none(job.subject, refusal.sentence, assumptions=assumed)
    pack = CityPack.open(Path(job.city))
    town, taken = measure_town(pack, today, compared, Console(stderr=True, quiet=True))
    try:
        stated = impacts_of(town, today, proposed, assumed=taken)
    except Refusal as refusal:
        return document_of_none(job.subject, refusal.sentence, assumptions=assumed)
    documents = [one.as_json() for one in stated]
    return document_of(
        job.subject, list(zip(job.proposals, documents, strict=True)), assumptions=assumed
    )


def main() -> None:
    """Read a job, work it out, write the document; whatever goes wrong ends with a status."""
    if IN_A_HURRY not in sys.argv:
        os.nice(LOW_PRIORITY)
    document = work_out(Job.decode(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(text_of(document).encode())


if __name__ == "__main__":
    main()
