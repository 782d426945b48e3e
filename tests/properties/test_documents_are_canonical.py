"""The quick way to a canonical document gives the bytes of the library made for it, or its refusal."""

from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from governance.ballots.errors import DocumentMalformed
from governance.ballots.plain import canonical

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**54), 2**54)
    | st.sampled_from([2**53 - 1, 2**53, -(2**53) + 1, -(2**53)])
    | st.floats()
    | st.text()
    | st.text(alphabet=st.characters(max_codepoint=0x7F))
)
names = st.text(max_size=6) | st.text(alphabet="abcXYZ01_", max_size=6) | st.integers(0, 3)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4)
)


def outcome(write: Any, value: Any) -> bytes | None:
    """What is written; None where it is refused."""
    try:
        found: bytes = write(value)
    except (DocumentMalformed, ValueError, RecursionError):
        return None
    return found


@given(values)
def test_any_value_is_written_as_rfc_8785_writes_it(value: Any) -> None:
    assert outcome(canonical, value) == outcome(rfc8785.dumps, value)
