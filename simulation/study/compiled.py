"""How the inner loops of a study become machine code.

Owns nothing but the one decorator. Compiled code is kept beside its module, or made anew where
nothing can be written.
"""

from collections.abc import Callable
from typing import TypeVar

import numba

Compiled = TypeVar("Compiled", bound=Callable[..., object])


def compiled(function: Compiled) -> Compiled:
    """The same function as machine code, without the interpreter's lock."""
    try:
        ready: Compiled = numba.njit(function, cache=True, nogil=True)
    except RuntimeError:
        # Nowhere to keep compiled code (a read-only installation without a home): compile anew.
        ready = numba.njit(function, nogil=True)
    return ready
