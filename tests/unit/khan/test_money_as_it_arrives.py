"""Money is said in a line a trip, and in a fast city in a line a second."""

from typing import Any

from khan.demo_money import Purse
from khan.terminal_words import money_arrived


def usd(minor: int) -> dict[str, Any]:
    return {"amount_minor": minor, "currency": "USD"}


def a_message(minor: int = 1_234, *, what: str = "fare", top_up: int = 0) -> dict[str, Any]:
    today = {"pay": usd(4_500), "tips": usd(200), "reimbursed": usd(0), "trips": 3}
    return {"type": "money", "what": what, "trip_id": "t", "amount": usd(minor),
            "top_up": usd(top_up), "today": today}  # fmt: skip


def test_a_line_says_how_much_what_for_and_what_the_day_came_to() -> None:
    assert (
        money_arrived(a_message()) == "12.34 USD for the trip; today 45.00 USD pay, 2.00 USD tips"
    )
    topped_up = money_arrived(a_message(top_up=120))
    assert topped_up.startswith("12.34 USD for the trip, 1.20 USD of it to reach the pay floor;")
    assert "as a tip" in money_arrived(a_message(what="tip"))
    assert "nobody at the pick-up" in money_arrived(a_message(what="no_show_fee"))


def test_every_trip_has_its_line_where_there_is_time_to_read_it() -> None:
    said: list[str] = []
    instants = iter([0.0, 1_000.0, 2_500.0])
    purse = Purse(said.append, stopwatch=lambda: next(instants))
    for number in ("+1", "+2", "+3"):
        purse.paid(number, a_message())
    assert [line.split()[0] for line in said] == ["+1", "+2", "+3"]
    assert not [line for line in said if "before that" in line]


def test_what_comes_within_a_second_is_counted_in_the_next_line() -> None:
    said: list[str] = []
    instants = iter([0.0, 10.0, 900.0, 1_001.0])
    purse = Purse(said.append, stopwatch=lambda: next(instants))
    for minor in (1_000, 200, 300, 400):
        purse.paid("+1", a_message(minor))
    assert len(said) == 2
    assert said[1].endswith("(before that, 2 more got 5.00 USD)")
