"""From a map grid back to longitude and latitude, for data that comes in UTM.

Only the makers of city packs need it, once for each source; the product's own data is in degrees.

Source: C. F. F. Karney, "Transverse Mercator with an accuracy of a few nanometers", Journal of
Geodesy 85 (2011) 475-485: sections 2 and 3, the series of Krüger in the third flattening n. The
terms up to n**4 are kept: an error under a tenth of a millimetre within a UTM zone.
"""

import numpy as np
import numpy.typing as npt

EQUATORIAL_RADIUS_METRES = 6_378_137.0
FLATTENING = 1 / 298.257222101
"""GRS 80, the ellipsoid of NAD 83; WGS 84 differs by a tenth of a millimetre."""

SCALE_ON_MERIDIAN = 0.9996
FALSE_EASTING_METRES = 500_000.0
_NEWTON_STEPS = 5

FloatArray = npt.NDArray[np.float64]


def degrees_from_utm(eastings: FloatArray, northings: FloatArray, *, zone: int) -> FloatArray:
    """Longitudes and latitudes of points given in UTM, northern hemisphere.

    Parameters
    ----------
    eastings, northings
        Metres, (n,).
    zone
        UTM zone, 1 to 60.

    Returns
    -------
    FloatArray
        Degrees as (longitude, latitude), (n, 2).
    """
    assert 1 <= zone <= 60, zone
    n = FLATTENING / (2 - FLATTENING)
    rectifying = EQUATORIAL_RADIUS_METRES / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    xi = northings / (SCALE_ON_MERIDIAN * rectifying)
    eta = (eastings - FALSE_EASTING_METRES) / (SCALE_ON_MERIDIAN * rectifying)
    # Karney (2011), equations (11) and (36): back to the spherical transverse Mercator.
    betas = (
        n / 2 - 2 * n**2 / 3 + 37 * n**3 / 96 - n**4 / 360,
        n**2 / 48 + n**3 / 15 - 437 * n**4 / 1440,
        17 * n**3 / 480 - 37 * n**4 / 840,
        4397 * n**4 / 161_280,
    )
    xi_sphere, eta_sphere = xi.copy(), eta.copy()
    for j, beta in enumerate(betas, start=1):
        xi_sphere -= beta * np.sin(2 * j * xi) * np.cosh(2 * j * eta)
        eta_sphere -= beta * np.cos(2 * j * xi) * np.sinh(2 * j * eta)
    # Equation (18), then the latitude on the ellipsoid by Newton's method.
    sinh_eta, cos_xi = np.sinh(eta_sphere), np.cos(xi_sphere)
    tau = _geodetic_tangent(np.sin(xi_sphere) / np.hypot(sinh_eta, cos_xi))
    lon = np.degrees(np.arctan2(sinh_eta, cos_xi)) + (6 * zone - 183)
    return np.stack([lon, np.degrees(np.arctan(tau))], axis=1)


def _geodetic_tangent(conformal: FloatArray) -> FloatArray:
    """Tangent of the geodetic latitude from that of the conformal one, equations (7), (19)-(21)."""
    squared = FLATTENING * (2 - FLATTENING)
    eccentricity = np.sqrt(squared)
    tau = conformal.copy()
    for _ in range(_NEWTON_STEPS):
        sigma = np.sinh(eccentricity * np.arctanh(eccentricity * tau / np.hypot(1.0, tau)))
        guess = tau * np.hypot(1.0, sigma) - sigma * np.hypot(1.0, tau)
        slope = (1 + (1 - squared) * tau**2) / ((1 - squared) * np.hypot(1.0, tau))
        tau = tau + (conformal - guess) / np.hypot(1.0, guess) * slope
    result: FloatArray = tau
    return result
