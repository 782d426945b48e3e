"""When the memory of what is gone is taken back.

Owns a pause. Python looks for rings of dead objects whenever enough new ones were made, and stops
everything meanwhile. A short piece of work that makes tens of thousands of objects, and no rings,
is better not stopped in its middle.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def undisturbed() -> Iterator[None]:
    """No search for dead rings within the block, in any thread; afterwards as before."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
