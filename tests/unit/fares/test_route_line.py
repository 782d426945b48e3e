"""A route survives as a short text, to five decimals."""

from fares.route_line import decode_line, encode_line


def test_the_example_of_the_format() -> None:
    """The worked example of Google's page on the encoded polyline format."""
    points = [(-120.2, 38.5), (-120.95, 40.7), (-126.453, 43.252)]
    assert encode_line(points) == "_p~iF~ps|U_ulLnnqC_mqNvxq`@"
    assert decode_line("_p~iF~ps|U_ulLnnqC_mqNvxq`@") == points


def test_a_line_of_nothing_and_of_one_point() -> None:
    assert decode_line(encode_line([])) == []
    assert decode_line(encode_line([(0.0, -0.00001)])) == [(0.0, -0.00001)]
