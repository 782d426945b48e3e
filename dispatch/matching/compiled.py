"""How the inner loops of matching and of its studies become machine code.

Owns nothing but the decorator. Importing this module brings the compiler in, so it is imported where it is first
needed.
"""

from collections.abc import Callable
from typing import TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile a function on its first call, keep the result for the next process, hold no lock."""
    try:
        ready: Function = numba.njit(function, cache=True, nogil=True)
    except RuntimeError:
        # Nowhere to keep compiled code (a read-only installation without a home): compile anew.
        ready = numba.njit(function, nogil=True)
    return ready
