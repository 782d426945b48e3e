"""Small towns written as OpenStreetMap files, so that a test can say what is on the map."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self
from xml.sax.saxutils import quoteattr

from roads.network import RoadNetwork
from tests.builders_roads import SOUTH, WEST


class OsmTown:
    """A map under construction; nodes are placed in thousandths of a degree."""

    def __init__(self) -> None:
        self._nodes: dict[int, str] = {}
        self._ways: list[str] = []
        self._relations: list[str] = []
        self._at: dict[int, tuple[float, float]] = {}

    def node(self, number: int, east: float, north: float, **tags: str) -> Self:
        lon, lat = round(WEST + east / 1000, 7), round(SOUTH + north / 1000, 7)
        self._at[number] = (lon, lat)
        self._nodes[number] = (
            f'<node id="{number}" version="1" lon="{lon}" lat="{lat}">{_tags(tags)}</node>'
        )
        return self

    def way(self, number: int, nodes: Sequence[int], tags: Mapping[str, str]) -> Self:
        refs = "".join(f'<nd ref="{ref}"/>' for ref in nodes)
        self._ways.append(f'<way id="{number}" version="1">{refs}{_tags(tags)}</way>')
        return self

    def street(self, number: int, *nodes: int, **tags: str) -> Self:
        """A residential street, unless its tags say otherwise."""
        named = {key.replace("__", ":"): value for key, value in tags.items()}
        return self.way(number, nodes, {"highway": "residential", **named})

    def restriction(self, kind: str, start: int, via: int, end: int, **tags: str) -> Self:
        """From way ``start`` at node ``via`` onto way ``end``."""
        members = (("way", start, "from"), ("node", via, "via"), ("way", end, "to"))
        return self.relation(members, {"type": "restriction", "restriction": kind, **tags})

    def relation(self, members: Iterable[tuple[str, int, str]], tags: Mapping[str, str]) -> Self:
        listed = "".join(f'<member type="{t}" ref="{r}" role="{role}"/>' for t, r, role in members)
        number = len(self._relations) + 1
        self._relations.append(
            f'<relation id="{number}" version="1">{listed}{_tags(tags)}</relation>'
        )
        return self

    def write(self, folder: Path) -> Path:
        nodes = [self._nodes[number] for number in sorted(self._nodes)]
        body = "\n".join([*nodes, *self._ways, *self._relations])
        path = folder / "town.osm"
        path.write_text(f"<?xml version='1.0'?>\n<osm version='0.6'>\n{body}\n</osm>\n")
        return path

    def place(self, number: int) -> tuple[float, float]:
        """Longitude and latitude of a node."""
        return self._at[number]

    def arc(self, network: RoadNetwork, start: int, end: int) -> int:
        """The one arc from one node to another."""
        return self.arcs(network)[start, end]

    def arcs(self, network: RoadNetwork) -> dict[tuple[int, int], int]:
        """All arcs by the nodes they join (every node of the map lies somewhere else)."""
        number = {place: node for node, place in self._at.items()}
        junction = [
            number[round(float(lon), 7), round(float(lat), 7)]
            for lon, lat in zip(network.node_lon, network.node_lat, strict=True)
        ]
        return {
            (junction[tail], junction[head]): arc
            for arc, (tail, head) in enumerate(zip(network.arc_tail, network.arc_head, strict=True))
        }

    def may_turn(self, network: RoadNetwork, start: int, via: int, end: int) -> bool:
        """Whether a car coming from one node may go on to another."""
        arcs = self.arcs(network)
        turns = zip(network.turn_from.tolist(), network.turn_to.tolist(), strict=True)
        return (arcs[start, via], arcs[via, end]) in set(turns)


def crossroads() -> OsmTown:
    """A crossing of two streets: way 1 from west (1) to the middle (5), 2 on to east (2),
    3 from south (3) to the middle, 4 on to north (4)."""
    town = OsmTown()
    for number, east, north in ((1, -1, 0), (2, 1, 0), (3, 0, -1), (4, 0, 1), (5, 0, 0)):
        town.node(number, east, north)
    return (
        town.street(1, 1, 5, name="West")
        .street(2, 5, 2, name="East")
        .street(3, 3, 5, name="South")
        .street(4, 5, 4, name="North")
    )


def _tags(tags: Mapping[str, str]) -> str:
    return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items())
