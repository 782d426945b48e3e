"""Nodes and edges become streets, and a faulty row is named."""

from pathlib import Path

import numpy as np
import pytest

from roads.errors import NoConnectedStreets, TableUnreadable
from roads.table import network_from_table

NODES = "id,lon,lat\na,10.0,50.0\nb,10.001,50.0\nc,10.001,50.001\nd,10.002,50.0\n"
EDGES = (
    "from,to,length_m,travel_time_s,name\n"
    "a,b,71.5,7.7,First\nb,a,71.5,7.8,First\nb,c,111,12,\nc,a,140.2,15.04,Third\n"
    "b,d,71.5,9,\nd,b,71.5,9,\n"
)


def tables(folder: Path, nodes: str = NODES, edges: str = EDGES) -> tuple[Path, Path]:
    (folder / "nodes.csv").write_text(nodes)
    (folder / "edges.csv").write_text(edges)
    return folder / "nodes.csv", folder / "edges.csv"


def test_a_table_becomes_a_network(tmp_path: Path) -> None:
    network = network_from_table(*tables(tmp_path))
    assert network.arc_ms.tolist() == [7700, 7800, 12000, 15040, 9000, 9000]
    assert network.reverse_arc.tolist() == [1, 0, -1, -1, 5, 4]
    assert [network.arc_street(a) for a in range(4)] == ["First", "First", "", "Third"]
    assert network.arc_line(2).tolist() == [[10.001, 50.0], [10.001, 50.001]]
    assert network.turn_ms.tolist() == [0] * network.turn_count


def test_two_streets_between_the_same_junctions_pair_by_length(tmp_path: Path) -> None:
    edges = "from,to,length_m,travel_time_s\n"
    edges += "a,b,90,9\na,b,70,7\nb,a,90,9\nb,a,70,7\na,c,9,9\nc,a,9,9\nb,d,9,9\nd,b,9,9\n"
    network = network_from_table(*tables(tmp_path, edges=edges))
    assert network.reverse_arc.tolist() == [2, 3, 0, 1, 5, 4, 7, 6]


def test_a_very_short_edge_still_takes_a_millisecond(tmp_path: Path) -> None:
    edges = "from,to,length_m,travel_time_s\na,b,0.001,0.0001\nb,a,0.001,0.0001\n"
    network = network_from_table(*tables(tmp_path, edges=edges))
    assert np.array_equal(network.arc_ms, [1, 1])


@pytest.mark.parametrize(
    ("nodes", "edges", "reason"),
    [
        (NODES.replace("lat", "height"), EDGES, "line 1: the column 'lat' is missing"),
        (NODES + "a,10,50\n", EDGES, "line 6: the node 'a' is there twice"),
        (NODES + "e,500,50\n", EDGES, "line 6"),
        (NODES + "e,nan,50\n", EDGES, "line 6: lon is not finite"),
        (NODES + "e,0,0\n", EDGES, "line 6"),
        (NODES + "e,ten,50\n", EDGES, "line 6: lon is 'ten', which is no number"),
        (NODES + "e\n", EDGES, "line 6: the row is too short"),
        (NODES, EDGES + "a,x,10,1,\n", "line 8: there is no node 'x'"),
        (NODES, EDGES + "a,b,0,1,\n", "line 8: a street has a length over 0"),
        (NODES, EDGES + "a,b,10,-1,\n", "line 8: a street has a length over 0"),
        (NODES, EDGES + "a,b,10,3601,\n", "line 8: a street has a length over 0 and a time"),
        (NODES, EDGES + "a,b,10,inf,\n", "line 8: travel_time_s is not finite"),
        ("", EDGES, "line 1: the column 'id' is missing"),
    ],
)
def test_a_faulty_row_is_named(tmp_path: Path, nodes: str, edges: str, reason: str) -> None:
    with pytest.raises(TableUnreadable, match=reason):
        network_from_table(*tables(tmp_path, nodes, edges))


def test_a_missing_or_binary_table_is_refused(tmp_path: Path) -> None:
    nodes, edges = tables(tmp_path)
    with pytest.raises(TableUnreadable, match="no such file"):
        network_from_table(nodes, tmp_path / "none.csv")
    edges.write_bytes(b"\xff\xfe\x00\x80" * 40)
    with pytest.raises(TableUnreadable, match="not a table of text"):
        network_from_table(nodes, edges)


def test_a_table_without_a_way_back_is_refused(tmp_path: Path) -> None:
    edges = "from,to,length_m,travel_time_s\na,b,90,9\nb,c,70,7\na,a,5,5\n"
    with pytest.raises(NoConnectedStreets):
        network_from_table(*tables(tmp_path, edges=edges))
