"""What goes onto the board together and what stays behind, over any crowd that waits."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from foundation.chance import SeededChance
from foundation.identifiers import UUID
from governance.ballots.plain import canonical, pack
from governance.polls.batches import Waiting, digest_of, key_of, newest_alone, those_that_go

POLL = UUID(int=1)


def ballot(key: int, sequence: int = 1) -> Waiting:
    """A ballot of a key, as it waits."""
    document = {
        "vote": pack(bytes(32)), "key": pack(bytes([key]) * 32), "tokens": [], "sequence": sequence,
        "content": "", "voter": "", "signature": pack(bytes(64)),
    }  # fmt: skip
    text = canonical(document).decode()
    return Waiting(poll_id=POLL, document=text, digest=digest_of(document))


@given(
    keys=st.integers(0, 40), least=st.integers(1, 12), kept_back=st.integers(0, 12),
    seed=st.integers(0, 2**32),
)  # fmt: skip
def test_every_batch_is_a_crowd_and_leaves_one_behind(
    keys: int, least: int, kept_back: int, seed: int
) -> None:
    waiting = [ballot(key) for key in range(keys)]
    going, staying = those_that_go(
        waiting, least=least, kept_back=kept_back, chance=SeededChance(seed)
    )
    assert Counter(one.digest for one in [*going, *staying]) == Counter(
        one.digest for one in waiting
    )
    if going:
        assert len(going) >= least
        assert len(staying) == kept_back
    else:
        assert keys < least + kept_back


def test_who_stays_behind_is_chance_and_not_the_order_of_hashes() -> None:
    waiting = [ballot(key) for key in range(20)]
    stayed: Counter[bytes] = Counter()
    chance = SeededChance("pool")
    for _ in range(400):
        _, staying = those_that_go(waiting, least=10, kept_back=10, chance=chance)
        stayed.update(key_of(one) for one in staying)
    # 400 draws of half: 200 each, and less than 140 or more than 260 by chance once in a thousand million.
    assert len(stayed) == 20
    assert all(140 < times < 260 for times in stayed.values())


def test_what_belongs_to_one_key_goes_or_stays_together() -> None:
    waiting = [ballot(key, sequence) for key in range(4) for sequence in (1, 2)]
    going, staying = those_that_go(waiting, least=2, kept_back=2, chance=SeededChance(1))
    assert not {key_of(one) for one in going} & {key_of(one) for one in staying}
    assert (len(going), len(staying)) == (4, 4)


def test_a_changed_mind_leaves_its_last_ballot_alone_and_slips_stay() -> None:
    slip = Waiting(
        poll_id=POLL, document=canonical({"kind": "cancellation", "key": pack(bytes(32))}).decode(),
        digest="0",
    )  # fmt: skip
    waiting = [ballot(0, 1), ballot(0, 3), slip, ballot(0, 2), ballot(1, 1)]
    assert newest_alone(waiting) == [ballot(0, 3), slip, ballot(1, 1)]
