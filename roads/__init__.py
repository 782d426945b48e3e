"""Roads: the streets of a city, how long they take, and where its zones end.

Owns the road network (`network`, made by `osm` from an OpenStreetMap extract or by `table` from
nodes and edges), the travel-time port and its adapters (`engine`, `cch`, `dijkstra`,
`straight_line`), routes and their manoeuvres (`route`, `manoeuvres`), and zones (`zones`).

Refuses what it cannot answer honestly: a broken extract, table or file is refused by name; a
point far from any street is snapped *and* its distance told, so that the caller can refuse it;
an answer that did not come from the streets is marked degraded. It knows nothing of trips,
drivers or prices, and no instant: how old a weight is, its publisher knows.

Coordinates are (longitude, latitude), WGS 84, float64. Times are whole milliseconds, lengths
metres.
"""
