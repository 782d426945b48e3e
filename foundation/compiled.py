"""How inner loops become machine code, and when the machine code of before may be used again.

Owns nothing but the decorator. Importing this module brings the compiler in, so only loops import it
(modules whose name says `kernel`), and they only when they are first needed.

The compiler keeps what it made beside a module and looks only at that module when it asks whether
it is still true. But a loop holds the code of every loop it calls, in other modules, too. So what is kept
lies in a folder named after the text of all modules that loops are made of.
"""

import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., object])

_ROOT = Path(__file__).resolve().parents[1]
_PACKAGES = ("dispatch", "roads", "simulation")
_NAMES = ("*kernel*.py", "columns.py", "rates.py")
"""Modules with loops, and with the tuples that loops take."""


def compiled(function: Function) -> Function:
    """Compile a function on its first call, keep the result for the next process, hold no lock."""
    settings: Any = numba.config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = before or str(_folder())
    try:
        ready: Function = numba.njit(function, cache=True, nogil=True)
    except RuntimeError:
        # Nowhere to keep compiled code (a read-only installation): compile anew.
        ready = numba.njit(function, nogil=True)
    finally:
        settings.CACHE_DIR = before
    return ready


@cache
def _folder() -> Path:
    return _ROOT / "foundation" / "__pycache__" / f"compiled-{stamp_of(_sources())}"


def _sources() -> Iterator[Path]:
    for package in _PACKAGES:
        for name in _NAMES:
            yield from (_ROOT / package).rglob(name)


def stamp_of(sources: Iterator[Path]) -> str:
    """One word for the text of many files, whatever their order; another one if any changes."""
    each = sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in sources)
    return hashlib.sha256("".join(each).encode()).hexdigest()[:16]
