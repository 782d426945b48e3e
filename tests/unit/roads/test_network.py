"""A network keeps its promises in memory and on disk."""

import shutil
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest

from roads.build import RawStreets, connect
from roads.errors import NetworkUnreadable, NoConnectedStreets
from roads.network import RoadNetwork
from tests.builders_roads import Street, grid, network_of, one_way_square, two_way_street


def turns_of(network: RoadNetwork) -> set[tuple[int, int]]:
    return set(zip(network.turn_from.tolist(), network.turn_to.tolist(), strict=True))


def test_a_dead_end_is_the_only_place_to_turn_back() -> None:
    assert turns_of(two_way_street()) == {(0, 1), (1, 0)}
    cross = grid(3, 3)
    for arc, following in turns_of(cross):
        assert following != cross.reverse_arc[arc]


def test_a_two_way_street_knows_its_other_direction() -> None:
    network = grid()
    back = network.reverse_arc
    assert (back >= 0).all()
    assert (network.arc_tail[back] == network.arc_head).all()
    assert (network.arc_line(5)[::-1] == network.arc_line(int(back[5]))).all()


def test_a_forbidden_turn_is_not_among_the_turns() -> None:
    # A triangle with a dead end at each corner.
    pairs = ((0, 1), (1, 2), (2, 0), (1, 3), (0, 4), (2, 5))
    streets = [Street(start=a, end=b) for a, b in pairs]
    junctions = [(0, 0), (1, 0), (0.5, 1), (2, 0), (-1, 0), (0.5, 2)]
    free = network_of(junctions, streets)
    assert (0, 6) in turns_of(free)
    assert turns_of(network_of(junctions, streets, banned=[(0, 6)])) == turns_of(free) - {(0, 6)}


def test_a_street_that_leads_out_for_good_is_left_out_and_makes_a_dead_end() -> None:
    # Junction 1 has a one-way exit to 2, from where nothing comes back.
    network = network_of(
        [(0, 0), (1, 0), (2, 0)], [Street(start=0, end=1), Street(start=1, end=2, one_way=True)]
    )
    assert network.arc_count == 2
    assert network.node_count == 2
    assert turns_of(network) == {(0, 1), (1, 0)}


def test_a_direction_that_only_a_forbidden_turn_leads_back_from_is_left_out() -> None:
    # Once on the ring clockwise, only the dead end at its corner turns a car round.
    ring = [Street(start=a, end=b) for a, b in ((0, 1), (1, 2), (2, 0), (1, 3))]
    junctions = [(0, 0), (1, 0), (0.5, 1), (2, 0)]
    assert network_of(junctions, ring).arc_count == 8
    less = network_of(junctions, ring, banned=[(3, 6)])
    assert less.arc_count < 8
    assert all(0 <= b < less.arc_count for b in less.reverse_arc[less.reverse_arc >= 0])


def test_streets_that_do_not_connect_are_refused() -> None:
    with pytest.raises(NoConnectedStreets):
        network_of([(0, 0), (1, 0)], [Street(start=0, end=1, one_way=True)])
    nothing = np.empty(0)
    with pytest.raises(NoConnectedStreets):
        connect(
            RawStreets(
                node_lon=nothing,
                node_lat=nothing,
                arc_tail=nothing.astype(np.int32),
                arc_head=nothing.astype(np.int32),
                arc_ms=nothing,
                arc_metres=nothing,
                arc_name=nothing.astype(np.int32),
                reverse_arc=nothing.astype(np.int32),
                coords=nothing.reshape(0, 2),
                offsets=np.zeros(1, np.int64),
                names=("",),
            )
        )


def test_a_network_cannot_be_changed() -> None:
    network = one_way_square()
    with pytest.raises(ValueError, match="read-only"):
        network.arc_ms[0] = 1
    with pytest.raises(FrozenInstanceError):
        network.names = ()  # type: ignore[misc]


def test_a_stored_network_comes_back_the_same(tmp_path: Path) -> None:
    network = grid()
    network.save(tmp_path / "deep" / "streets.npz")
    back = RoadNetwork.load(tmp_path / "deep" / "streets.npz")
    assert back.digest == network.digest
    assert back.names == network.names
    assert (back.coords == network.coords).all()
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["streets.npz"]


def test_the_same_network_gives_the_same_bytes(tmp_path: Path) -> None:
    grid().save(tmp_path / "a.npz")
    grid().save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_another_network_has_another_digest() -> None:
    assert len({grid().digest, grid(seconds=11).digest, grid(turn_ms=1).digest}) == 3


def test_a_missing_or_foreign_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(NetworkUnreadable, match="no such file"):
        RoadNetwork.load(tmp_path / "none.npz")
    for content in (b"", b"hello", b"PK\x03\x04 not really", np.arange(3).tobytes()):
        (tmp_path / "odd.npz").write_bytes(content)
        with pytest.raises(NetworkUnreadable, match=r"odd\.npz"):
            RoadNetwork.load(tmp_path / "odd.npz")
    np.savez(tmp_path / "pickled.npz", version=np.array({"a": 1}, dtype=object))
    with pytest.raises(NetworkUnreadable):
        RoadNetwork.load(tmp_path / "pickled.npz")
    np.save(tmp_path / "single.npy", np.arange(3))
    shutil.move(tmp_path / "single.npy", tmp_path / "single.npz")
    with pytest.raises(NetworkUnreadable):
        RoadNetwork.load(tmp_path / "single.npz")


def test_another_version_is_refused_with_both_numbers(tmp_path: Path) -> None:
    np.savez(tmp_path / "new.npz", version=np.array(99))
    with pytest.raises(NetworkUnreadable, match=r"version 99.* reads version 1"):
        RoadNetwork.load(tmp_path / "new.npz")


def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    grid().save(tmp_path / "whole.npz")
    whole = (tmp_path / "whole.npz").read_bytes()
    for length in range(0, len(whole), 97):
        (tmp_path / "part.npz").write_bytes(whole[:length])
        with pytest.raises(NetworkUnreadable):
            RoadNetwork.load(tmp_path / "part.npz")


def test_an_altered_array_is_noticed(tmp_path: Path) -> None:
    grid().save(tmp_path / "whole.npz")
    with np.load(tmp_path / "whole.npz") as opened:
        arrays = {name: opened[name] for name in opened.files}
    arrays["arc_ms"] = arrays["arc_ms"] + 1
    np.savez(tmp_path / "altered.npz", **arrays)
    with pytest.raises(NetworkUnreadable, match="altered"):
        RoadNetwork.load(tmp_path / "altered.npz")
    arrays["arc_head"] = arrays["arc_head"][:-1]
    np.savez(tmp_path / "altered.npz", **arrays)
    with pytest.raises(NetworkUnreadable, match="contradict"):
        RoadNetwork.load(tmp_path / "altered.npz")
