"""A route as a short text: the encoded polyline, five decimals (about a metre).

Google's Encoded Polyline Algorithm Format, with latitude before longitude inside the text, as
every reader of the format expects; points here stay longitude first.
"""

from collections.abc import Iterable

_PRECISION = 100_000


def encode_line(points: Iterable[tuple[float, float]]) -> str:
    """The text of a line of (longitude, latitude) points."""
    text: list[str] = []
    last_lat = last_lon = 0
    for lon, lat in points:
        lat_e5, lon_e5 = round(lat * _PRECISION), round(lon * _PRECISION)
        _append(text, lat_e5 - last_lat)
        _append(text, lon_e5 - last_lon)
        last_lat, last_lon = lat_e5, lon_e5
    return "".join(text)


def decode_line(text: str) -> list[tuple[float, float]]:
    """The (longitude, latitude) points of `encode_line`'s text, to five decimals."""
    numbers: list[int] = []
    value = shift = 0
    for sign in text:
        chunk = ord(sign) - 63
        value |= (chunk & 0x1F) << shift
        shift += 5
        if chunk < 0x20:
            numbers.append(~(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    points = []
    lat = lon = 0
    for step_lat, step_lon in zip(numbers[::2], numbers[1::2], strict=True):
        lat, lon = lat + step_lat, lon + step_lon
        points.append((lon / _PRECISION, lat / _PRECISION))
    return points


def _append(text: list[str], step: int) -> None:
    value = ~(step << 1) if step < 0 else step << 1
    while value >= 0x20:
        text.append(chr((0x20 | (value & 0x1F)) + 63))
        value >>= 5
    text.append(chr(value + 63))
