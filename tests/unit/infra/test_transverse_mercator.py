"""UTM back to degrees, against places whose two coordinates are published or worked out by PROJ."""

import numpy as np
import pytest

from infra.transverse_mercator import degrees_from_utm


@pytest.mark.parametrize(
    ("zone", "easting", "northing", "lon", "lat", "within_metres"),
    [
        # CN Tower, Toronto: the example of Wikipedia's page on UTM, given to a metre.
        (17, 630_084.0, 4_833_438.0, -(79 + 23 / 60 + 13.7 / 3600), 43 + 38 / 60 + 33.24 / 3600, 3),
        # The rest by PROJ 9 (EPSG:26918 to EPSG:4269), to a tenth of a millimetre.
        (18, 580_735.8139741346, 4_504_700.382378302, -74.0445, 40.689247, 0.001),
        (18, 585_632.0813424728, 4_511_326.15354893, -73.985656, 40.748433, 0.001),
        (18, 500_000.0, 0.0, -75.0, 0.0, 0.001),
    ],
    ids=["cn tower", "statue of liberty", "empire state building", "equator"],
)
def test_known_places_are_where_they_are(
    zone: int, easting: float, northing: float, lon: float, lat: float, within_metres: float
) -> None:
    found = degrees_from_utm(np.array([easting]), np.array([northing]), zone=zone)[0]
    off = (found - [lon, lat]) * [111_320 * np.cos(np.radians(lat)), 111_320]
    assert float(np.hypot(*off)) < within_metres


def test_a_step_east_and_a_step_north_are_steps_on_the_ground() -> None:
    eastings, northings = np.array([585_000.0, 586_000.0, 585_000.0]), np.array([4.5e6] * 3)
    northings[2] += 1000
    start, east, north = degrees_from_utm(eastings, northings, zone=18)
    scale = np.array([111_320 * np.cos(np.radians(start[1])), 111_050])
    assert np.hypot(*((east - start) * scale)) == pytest.approx(1000, rel=0.005)
    assert np.hypot(*((north - start) * scale)) == pytest.approx(1000, rel=0.005)
    assert east[0] > start[0]
    assert north[1] > start[1]
