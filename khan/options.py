"""What the commands take: the kind, the bounds and the help of each option."""

from pathlib import Path
from typing import Annotated

import typer

_PLACE = "LAT,LON"
_PACK_HELP = "A city pack's folder, or the name of one that came along (manhattan)."

USUAL_URL = "http://localhost:8765"
PLACES = "--from 40.7505,-73.9937 --to 40.7736,-73.9816"
"""For examples."""

City = Annotated[str, typer.Option("--city", metavar="PACK", help=_PACK_HELP)]
CityArgument = Annotated[str, typer.Argument(help=_PACK_HELP)]
Database = Annotated[str, typer.Option(envvar="DATABASE_URL", metavar="URL", help="The database.")]
From = Annotated[str, typer.Option("--from", metavar=_PLACE, help="Degrees, as pasted from a map.")]
To = Annotated[str, typer.Option("--to", metavar=_PLACE, help="Degrees, as pasted from a map.")]
Url = Annotated[str, typer.Option(metavar="URL", help="The service.")]
Messages = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The file in which a demonstration's text messages arrive; left out: you are asked "
        "for the code.",
    ),
]
Port = Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")]

Start = Annotated[
    str,
    typer.Option(
        metavar="HH:MM", help="When it begins, local time: of the recorded day, else of today."
    ),
]
Drivers = Annotated[int, typer.Option(min=1, max=5000, help="Simulated driver-members.")]
RidersPerHour = Annotated[
    float | None,
    typer.Option(
        min=0,
        help="Riders in the first hour of service time; left out: as recorded, or as the pack's "
        "model of demand says.",
    ),
]
FollowAdvice = Annotated[
    float,
    typer.Option(
        "--follow-advice",
        metavar="SHARE",
        min=0,
        max=1,
        help="How many of the drivers wait where the service advises, from 0 to 1; "
        "the others cruise. The report tells what both earn.",
    ),
]
ShareOfShared = Annotated[
    float,
    typer.Option(min=0, max=1, help="How many riders let others ride along, from 0 to 1."),
]
Speed = Annotated[
    float, typer.Option(min=0.1, max=100, help="Service seconds a second; 1 is real time.")
]
Minutes = Annotated[
    float | None,
    typer.Option(min=0.05, help="Stop after so many minutes by your clock; left out: at Ctrl-C."),
]
Headless = Annotated[bool, typer.Option("--headless", help="Open no page.")]
Seed = Annotated[int, typer.Option(help="Fixes what is made up and chosen, not timing.")]
Sizes = Annotated[
    str, typer.Option(metavar="TRIPSxDRIVERS,...", help="Open trips by free drivers.")
]
Engine = Annotated[
    str,
    typer.Option(metavar="ENGINE", help="Road engine: live (as the service runs), cch, dijkstra."),
]
Report = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write what it came to, as JSON; left out: it is printed."),
]
Keep = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Keep the database and logs, and go on there next time; left out: they are removed "
        "at the end.",
    ),
]
Assembly = Annotated[
    bool,
    typer.Option(
        "--assembly",
        help="No crowd: members vote the fare anew, months pass in seconds, and it ends. Of the "
        "other options --city, --seed, --report and --keep hold.",
    ),
]

Receipt = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Keep the receipt there, for `khan receipt verify FILE`."),
]

Title = Annotated[str | None, typer.Option(metavar="NAME", help="The city's name for people.")]
TimeZone = Annotated[
    str | None, typer.Option(metavar="ZONE", help="IANA time zone, like Europe/Berlin.")
]
Country = Annotated[str | None, typer.Option(metavar="CODE", help="ISO 3166-1 code, like DE.")]
Currency = Annotated[str | None, typer.Option(metavar="CODE", help="ISO 4217 code, like EUR.")]
QuotedAt = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="When, local time, like 2014-12-21T20:00; left out: now."),
]
WantedAt = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="TIME",
        help="Book ahead for then, by the city's clocks: HH:MM (today, or tomorrow if that is past) "
        "or like 2026-11-01T20:30; left out: a car now.",
    ),
]
VehicleClass = Annotated[str, typer.Option("--class", metavar="CLASS", help="The class of car.")]
CarAt = Annotated[
    str | None,
    typer.Option(metavar=_PLACE, help="Where your car stands; left out: the middle of the city."),
]
