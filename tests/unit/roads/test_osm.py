"""What the map says about streets is what a car does; a broken map is refused."""

from pathlib import Path

import numpy as np
import pytest

from roads.errors import ExtractHasNoRoads, ExtractUnreadable
from roads.network import RoadNetwork
from roads.osm import ImportedStreets, network_from_pbf
from roads.turns import TurnDelays
from tests.unit.roads.osm_town import OsmTown, crossroads

EXTRACTS = [
    "andorra",
    "heidelberg",
    "helsinki-centre",
    "liechtenstein",
    "monaco",
    "portland-central",
]


def imported(town: OsmTown, folder: Path) -> ImportedStreets:
    return network_from_pbf(town.write(folder))


def network_of(town: OsmTown, folder: Path) -> RoadNetwork:
    return imported(town, folder).network


def line(*, oneway: str | None = None, **tags: str) -> OsmTown:
    """Junctions 1 and 2 joined by way 1 under test and, round by 3, by ways 2 and 3."""
    town = OsmTown().node(1, 0, 0).node(2, 2, 0).node(3, 1, 1).node(4, -1, 0).node(5, 3, 0)
    town.street(1, 1, 2, **tags, **({"oneway": oneway} if oneway else {}))
    town.street(2, 2, 3, name="b").street(3, 3, 1, name="c")
    return town.street(4, 1, 4, name="d").street(5, 2, 5, name="e")


def test_a_crossing_has_four_streets_and_twelve_turns(tmp_path: Path) -> None:
    town = crossroads()
    found = imported(town, tmp_path)
    network = found.network
    assert (network.node_count, network.arc_count) == (5, 8)
    # Three ways on from each street, and one back at each dead end.
    assert network.turn_count == 4 * 3 + 4
    assert not town.may_turn(network, 1, 5, 1)
    assert town.may_turn(network, 5, 1, 5)
    assert network.arc_street(town.arc(network, 1, 5)) == "West"
    assert (found.figures.ways, found.figures.junctions, found.figures.arcs) == (4, 5, 8)
    assert found.figures.restrictions_skipped == {}


def test_a_bend_is_part_of_the_line_and_no_junction(tmp_path: Path) -> None:
    town = OsmTown().node(1, 0, 0).node(2, 1, 0.3).node(3, 2, 0).node(4, 3, 0.1)
    town.street(1, 1, 2, name="Long").street(2, 4, 3, 2, name="Long")
    network = network_of(town, tmp_path)
    assert (network.node_count, network.arc_count) == (2, 2)
    there = network.arc_line(town.arc(network, 1, 4))
    assert np.allclose(there, [town.place(n) for n in (1, 2, 3, 4)])
    assert np.array_equal(network.arc_line(town.arc(network, 4, 1)), there[::-1])


def test_a_change_of_name_keeps_a_junction(tmp_path: Path) -> None:
    town = OsmTown().node(1, 0, 0).node(2, 1, 0).node(3, 2, 0)
    town.street(1, 1, 2, name="One").street(2, 2, 3, name="Two")
    network = network_of(town, tmp_path)
    assert network.arc_count == 4
    assert network.turn_ms[network.turn_from == town.arc(network, 1, 2)].tolist() == [0]


@pytest.mark.parametrize("first", ["one_way", "two_way"])
def test_a_street_that_becomes_one_way_keeps_a_junction(tmp_path: Path, first: str) -> None:
    town = OsmTown().node(1, 0, 0).node(2, 1, 0).node(3, 2, 0).node(4, 1, 1).node(5, -1, 0)
    if first == "two_way":
        town.street(2, 2, 3, name="Long")
    town.street(1, 1, 2, oneway="yes", name="Long")
    if first == "one_way":
        town.street(2, 2, 3, name="Long")
    town.street(3, 3, 4, 1, name="Back").street(4, 1, 5, name="End")
    arcs = set(town.arcs(network_of(town, tmp_path)))
    assert {(1, 2), (2, 3), (3, 2)} <= arcs
    assert (2, 1) not in arcs


def test_streets_that_end_where_they_begin_are_cut_in_two(tmp_path: Path) -> None:
    town = OsmTown().node(1, 0, 0).node(2, 1, 0).node(3, 2, 1).node(4, 3, 0).node(5, 2, -1)
    town.street(1, 1, 2).street(2, 2, 3, 4, 5, 2)
    network = network_of(town, tmp_path)
    assert (network.arc_tail != network.arc_head).all()
    assert set(town.arcs(network)) == {(1, 2), (2, 1), (2, 4), (4, 2)}
    assert network.arc_count == 6


def test_a_ring_that_nothing_touches_is_a_network(tmp_path: Path) -> None:
    town = OsmTown().node(1, 0, 0).node(2, 1, 0).node(3, 1, 1)
    town.street(1, 1, 2, 3, 1, oneway="yes")
    network = network_of(town, tmp_path)
    assert network.arc_count == 2
    assert (network.reverse_arc == -1).all()


@pytest.mark.parametrize("oneway", ["yes", "true", "1"])
def test_a_one_way_street_is_driven_one_way(tmp_path: Path, oneway: str) -> None:
    town = line(oneway=oneway)
    arcs = town.arcs(network_of(town, tmp_path))
    assert (1, 2) in arcs
    assert (2, 1) not in arcs


@pytest.mark.parametrize("oneway", ["-1", "reverse"])
def test_a_one_way_street_drawn_backward_is_driven_backward(tmp_path: Path, oneway: str) -> None:
    town = line(oneway=oneway)
    network = network_of(town, tmp_path)
    arcs = town.arcs(network)
    assert (2, 1) in arcs
    assert (1, 2) not in arcs
    assert network.arc_line(arcs[2, 1])[0] == pytest.approx(town.place(2))


def test_a_street_whose_direction_changes_by_the_hour_is_left_out(tmp_path: Path) -> None:
    town = line(oneway="reversible")
    assert not {(1, 2), (2, 1)} & set(town.arcs(network_of(town, tmp_path)))


def test_opposite_one_ways_at_one_node_are_not_joined(tmp_path: Path) -> None:
    # Two one-ways lead to node 3 from both sides: nobody could drive on from there.
    town = line(oneway="no").street(6, 1, 6, oneway="yes").street(7, 2, 6, oneway="yes")
    town.node(6, 1, -1)
    assert not {(1, 6), (2, 6)} & set(town.arcs(network_of(town, tmp_path)))


@pytest.mark.parametrize(
    "tags",
    [
        {"junction": "roundabout"},
        {"junction": "circular"},
        {"highway": "motorway"},
    ],
)
def test_some_streets_are_one_way_without_a_sign(tmp_path: Path, tags: dict[str, str]) -> None:
    town = line(**tags)
    arcs = town.arcs(network_of(town, tmp_path))
    assert (1, 2) in arcs
    assert (2, 1) not in arcs
    town = line(oneway="no", **tags)
    assert (2, 1) in town.arcs(network_of(town, tmp_path))


@pytest.mark.parametrize(
    "tags",
    [
        {"access": "no"},
        {"access": "private"},
        {"motor_vehicle": "no"},
        {"vehicle": "no"},
        {"motorcar": "private"},
        {"access": "yes", "motor_vehicle": "agricultural"},
        {"highway": "footway"},
        {"highway": "pedestrian"},
        {"highway": "construction"},
        {"highway": "cycleway"},
        {"area": "yes"},
        {"service": "emergency_access"},
    ],
)
def test_a_car_stays_out_where_it_may_not_drive(tmp_path: Path, tags: dict[str, str]) -> None:
    town = line(**tags)
    assert not {(1, 2), (2, 1)} & set(town.arcs(network_of(town, tmp_path)))


@pytest.mark.parametrize(
    "tags",
    [
        {"access": "no", "motor_vehicle": "yes"},
        {"vehicle": "no", "motorcar": "designated"},
        {"access": "destination"},
        {"access": "customers", "highway": "service"},
        {"bicycle": "no"},
        {"access": "something new"},
    ],
)
def test_a_car_drives_where_it_may(tmp_path: Path, tags: dict[str, str]) -> None:
    town = line(**tags)
    assert {(1, 2), (2, 1)} <= set(town.arcs(network_of(town, tmp_path)))


def test_a_bollard_cuts_a_street_and_an_open_gate_does_not(tmp_path: Path) -> None:
    for barrier, through in (
        ({"barrier": "bollard"}, False),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, True),
        ({"barrier": "gate"}, True),
        ({"barrier": "gate", "access": "private"}, False),
        ({"barrier": "cattle_grid"}, True),
    ):
        town = crossroads().node(6, 0.5, 0, **barrier).node(7, 1, 1)
        town = town.street(8, 2, 7).street(9, 7, 4).street(10, 5, 6, 2, name="Gated")
        network = network_of(town, tmp_path)
        gated = [a for a in range(network.arc_count) if network.arc_street(a) == "Gated"]
        metres = network.arc_metres[gated]
        assert (metres > 60).any() == through
        # Both sides of a bollard keep their half of the street.
        assert len(gated) == (2 if through else 4)


def test_times_follow_the_posted_limit_and_else_the_kind_of_street(tmp_path: Path) -> None:
    metres = 2 * 71.47
    for tags, kmh in (
        ({"maxspeed": "50"}, 40),
        ({"maxspeed": "30 mph"}, 0.8 * 30 * 1.609344),
        ({"maxspeed": "DE:urban"}, 40),
        ({"maxspeed": "walk"}, 0.8 * 7),
        ({"maxspeed": "50;30"}, 40),
        ({"maxspeed": "signals"}, 24),
        ({"maxspeed": "0"}, 24),
        ({"maxspeed": "DE:zone:³"}, 24),
        ({"highway": "living_street"}, 9),
        ({"highway": "motorway", "maxspeed": "none", "oneway": "no"}, 130),
    ):
        town = line(**tags)
        network = network_of(town, tmp_path)
        ms = int(network.arc_ms[town.arc(network, 1, 2)])
        assert ms == pytest.approx(metres * 3600 / kmh, rel=0.001), tags


def test_each_direction_has_its_own_limit(tmp_path: Path) -> None:
    town = line(maxspeed__forward="50", maxspeed__backward="100")
    network = network_of(town, tmp_path)
    forward, backward = (network.arc_ms[town.arc(network, *ends)] for ends in ((1, 2), (2, 1)))
    assert forward == pytest.approx(2 * backward, abs=1)


def test_a_turn_across_traffic_costs_more_than_one_beside_it(tmp_path: Path) -> None:
    town = crossroads()
    path = town.write(tmp_path)
    delays = TurnDelays()
    for drives_on_left, left, right in (
        (False, delays.across_ms, delays.beside_ms),
        (True, delays.beside_ms, delays.across_ms),
    ):
        network = network_from_pbf(path, delays=TurnDelays(drives_on_left=drives_on_left)).network
        arcs = town.arcs(network)
        cost = {
            (int(a), int(b)): int(ms)
            for a, b, ms in zip(network.turn_from, network.turn_to, network.turn_ms, strict=True)
        }
        assert cost[arcs[1, 5], arcs[5, 2]] == 0
        assert cost[arcs[1, 5], arcs[5, 4]] == left
        assert cost[arcs[1, 5], arcs[5, 3]] == right
        assert cost[arcs[5, 1], arcs[1, 5]] == delays.about_face_ms


def test_signals_slow_the_turns_at_a_junction_and_the_arc_along_a_street(tmp_path: Path) -> None:
    town = crossroads().node(5, 0, 0, highway="traffic_signals")
    network = network_of(town, tmp_path)
    straight = (network.turn_from == town.arc(network, 1, 5)) & (
        network.turn_to == town.arc(network, 5, 2)
    )
    assert network.turn_ms[straight].tolist() == [TurnDelays().signal_ms]

    plain = OsmTown().node(1, 0, 0).node(2, 1, 0).node(3, 2, 0).street(1, 1, 2, 3)
    signalled = OsmTown().node(1, 0, 0).node(2, 1, 0, highway="traffic_signals").node(3, 2, 0)
    signalled.street(1, 1, 2, 3)
    slower = network_of(signalled, tmp_path).arc_ms.astype(int)
    assert (slower - network_of(plain, tmp_path).arc_ms == TurnDelays().signal_ms).all()


def test_a_forbidden_turn_is_not_made_and_all_others_are(tmp_path: Path) -> None:
    town = crossroads().restriction("no_left_turn", 1, 5, 4)
    found = imported(town, tmp_path)
    assert found.figures.restrictions_used == 1
    assert not town.may_turn(found.network, 1, 5, 4)
    assert found.network.turn_count == network_of(crossroads(), tmp_path).turn_count - 1


def test_an_only_turn_forbids_the_others(tmp_path: Path) -> None:
    town = crossroads().restriction("only_straight_on", 1, 5, 2)
    network = network_of(town, tmp_path)
    assert town.may_turn(network, 1, 5, 2)
    assert not town.may_turn(network, 1, 5, 3)
    assert not town.may_turn(network, 1, 5, 4)
    assert town.may_turn(network, 3, 5, 4)


def test_where_the_sign_stands_inside_a_way_its_word_decides(tmp_path: Path) -> None:
    # One way from west to east through the middle: "no left turn" from it means coming from
    # the west, because northward is to the right of whoever comes from the east.
    town = OsmTown()
    for number, east, north in ((1, -1, 0), (2, 1, 0), (3, 0, -1), (4, 0, 1), (5, 0, 0)):
        town.node(number, east, north)
    town.street(1, 1, 5, 2, name="Across").street(3, 3, 5, 4, name="Up")
    town.restriction("no_left_turn", 1, 5, 3)
    network = network_of(town, tmp_path)
    assert not town.may_turn(network, 1, 5, 4)
    assert not town.may_turn(network, 2, 5, 3)
    assert town.may_turn(network, 1, 5, 3)
    assert town.may_turn(network, 2, 5, 4)


def test_restrictions_that_are_not_ours_are_counted_and_left_out(tmp_path: Path) -> None:
    town = crossroads()
    all_turns = network_of(town, tmp_path).turn_count
    town.restriction("no_left_turn", 1, 5, 4, **{"except": "psv;motorcar"})
    town.restriction("no_left_turn", 1, 5, 99)
    town.restriction("no_dancing", 1, 5, 4)
    town.relation(
        [("way", 1, "from"), ("way", 2, "via"), ("way", 3, "to")],
        {"type": "restriction", "restriction": "no_u_turn"},
    )
    town.relation(
        [("way", 1, "from"), ("way", 4, "to")],
        {"type": "restriction", "restriction": "no_u_turn"},
    )
    members = [("way", 1, "from"), ("node", 5, "via"), ("way", 4, "to")]
    town.relation(members, {"type": "restriction", "restriction:hgv": "no_left_turn"})
    conditional = {"restriction:conditional": "no_left_turn @ (07:00-09:00)"}
    town.relation(members, {"type": "restriction", **conditional})
    town.relation(members, {"type": "route", "restriction": "no_left_turn"})
    found = imported(town, tmp_path)
    assert found.network.turn_count == all_turns
    assert found.figures.restrictions_used == 0
    assert found.figures.restrictions_skipped == {
        "conditional": 1,
        "except_motorcar": 1,
        "incomplete": 1,
        "no_such_street": 1,
        "other_vehicles": 1,
        "unknown_kind": 1,
        "via_way": 1,
    }


def test_a_way_over_the_edge_of_the_extract_keeps_its_inside(tmp_path: Path) -> None:
    town = crossroads().street(6, 2, 77, 4)  # node 77 is not in the file
    network = network_of(town, tmp_path)
    assert network.arc_count == 8


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    network_from_pbf(crossroads().write(tmp_path), lambda doing, done: told.append((doing, done)))
    assert ("streets read", 4) in told
    assert told[-1] == ("junctions joined", 5)


def test_an_extract_without_streets_is_refused(tmp_path: Path) -> None:
    for town in (
        OsmTown().node(1, 0, 0),
        OsmTown().node(1, 0, 0).node(2, 1, 0).street(1, 1, 2, highway="footway"),
        OsmTown().node(1, 0, 0).node(2, 1, 0).street(1, 1, 2, oneway="yes"),
        OsmTown().street(1, 1, 2),
    ):
        with pytest.raises(ExtractHasNoRoads, match=r"town\.osm"):
            network_from_pbf(town.write(tmp_path))


def test_a_file_that_is_no_extract_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExtractUnreadable, match="no such file"):
        network_from_pbf(tmp_path / "none.osm.pbf")
    with pytest.raises(ExtractUnreadable):
        network_from_pbf(tmp_path)
    for name in ("odd.osm.pbf", "odd.osm", "odd.txt"):
        for content in (b"", b"not an extract at all", b"\x00\x00\x00\x0d\n\x09OSMHeader" * 9):
            (tmp_path / name).write_bytes(content)
            with pytest.raises((ExtractUnreadable, ExtractHasNoRoads), match="odd"):
                network_from_pbf(tmp_path / name)


@pytest.mark.shared
def test_an_extract_cut_short_anywhere_is_refused(shared_data: Path, tmp_path: Path) -> None:
    whole = (shared_data / "osm" / "helsinki-centre.osm.pbf").read_bytes()
    for share in (0.01, 0.3, 0.6, 0.9, 0.999):
        (tmp_path / "part.osm.pbf").write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(ExtractUnreadable, match=r"part\.osm\.pbf"):
            network_from_pbf(tmp_path / "part.osm.pbf")


@pytest.mark.shared
@pytest.mark.parametrize("city", EXTRACTS)
def test_real_extracts_become_connected_networks(shared_data: Path, city: str) -> None:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    found = network_from_pbf(shared_data / "osm" / f"{city}.osm.pbf")
    network = found.network
    turns = (network.turn_from, network.turn_to)
    ones = np.ones(network.turn_count)
    graph = coo_array((ones, turns), shape=(network.arc_count,) * 2).tocsr()
    parts, _ = connected_components(graph, directed=True, connection="strong")
    assert parts == 1
    assert network.node_count >= 300
    assert found.figures.restrictions_used > 0
    # A U-turn is allowed at dead ends alone.
    back = network.reverse_arc[network.turn_from] == network.turn_to
    leaving = np.bincount(network.turn_from, minlength=network.arc_count)
    assert (leaving[network.turn_from[back]] == 1).all()
    # Nobody drives faster than 130 km/h, or slower than 5 but for short arcs and signals.
    metres_a_second = network.arc_metres / (network.arc_ms / 1000)
    assert metres_a_second[network.arc_metres > 5].max() <= 130 / 3.6 * 1.01
