"""The chain of days as it is computed apart from the database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ledger.chain import FORMS, Chain, Recounted, SealedDay, body_of, day_digest

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def chained(bodies: list[str], *, forms: list[int] | None = None) -> list[Recounted]:
    """Days that were sealed one after another, with one transfer each."""
    days: list[Recounted] = []
    for index, body in enumerate(bodies):
        starts_at, ends_at = FIRST + index * DAY, FIRST + (index + 1) * DAY
        previous = days[-1].sealed.digest if days else None
        form = forms[index] if forms else 2
        sealed = SealedDay(
            number=index + 1, day=date(2026, 1, 1) + index * DAY, starts_at=starts_at,
            ends_at=ends_at, transfers=1, form=form,
            digest=day_digest(previous, starts_at, ends_at, body, form=form),
        )  # fmt: skip
        days.append(Recounted(sealed=sealed, previous_digest=previous, body=body, transfers=1))
    return days


def found(days: list[Recounted]) -> tuple[list[tuple[str, str]], Chain]:
    """Rule and day of what is wrong."""
    chain = Chain()
    return [(one.rule, one.where) for day in days for one in chain.follow(day)], chain


def test_a_chain_that_was_left_alone_has_no_fault_and_holds_every_digest() -> None:
    days = chained(["a", "b", "c"], forms=[1, 1, 2])
    faults, chain = found(days)
    assert faults == []
    assert all(chain.compare(day.sealed.digest) is None for day in days)


def test_a_changed_day_is_named_and_those_after_it_are_not() -> None:
    days = chained(["a", "b", "c"])
    days[1] = replace(days[1], body="changed")
    faults, chain = found(days)
    assert faults == [("the_day_is_sealed", "2026-01-02")]
    assert chain.compare(days[0].sealed.digest) is None
    assert chain.compare(days[1].sealed.digest) is not None
    assert chain.compare(days[2].sealed.digest) is not None, "it covers the changed day, too"


def test_a_transfer_more_is_told_by_its_number_alone() -> None:
    days = chained(["a"])
    faults, _ = found([replace(days[0], transfers=2)])
    assert faults == [("the_day_is_sealed", "2026-01-01")]


def test_whoever_forges_every_digest_after_a_change_is_found_by_one_that_was_kept() -> None:
    kept = chained(["a", "b", "c"])[2].sealed.digest
    faults, chain = found(chained(["a", "changed", "c"]))
    assert faults == [], "the books agree with themselves"
    told = chain.compare(kept)
    assert told is not None
    assert (told.rule, told.where) == ("the_digest_that_was_kept", kept)


@pytest.mark.parametrize("cut", [0, 1])
def test_a_day_that_was_cut_out_is_missed(cut: int) -> None:
    days = chained(["a", "b", "c"])
    del days[cut]
    faults, _ = found(days)
    assert faults == [("days_follow_one_another", str(days[cut].sealed.day))]


def test_an_older_form_never_follows_a_newer_one() -> None:
    faults, _ = found(chained(["a", "b"], forms=[2, 1]))
    assert faults == [("days_follow_one_another", "2026-01-02")]


def test_a_digest_is_made_as_the_page_says() -> None:
    body = body_of(["x", "y"])
    assert len(body) == 129
    both = {day_digest(None, FIRST, FIRST + DAY, body, form=form) for form in FORMS}
    assert len(both) == 2
    # printf "khan day 2\\n\\n1767225600000000\\n1767312000000000\\n" | sha256sum
    assert day_digest(None, FIRST, FIRST + DAY, "", form=2) == (
        "038bba72b21599451acc7ababd33c5d04d2e7e88fef10b1ab56a6e59edd8644d"
    )
