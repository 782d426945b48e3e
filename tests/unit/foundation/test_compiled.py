"""Machine code is only used again while every loop it holds is as it was."""

from pathlib import Path

from foundation.compiled import stamp_of


def test_a_stamp_changes_with_any_of_the_modules(tmp_path: Path) -> None:
    one, other = tmp_path / "a_kernel.py", tmp_path / "b_kernel.py"
    one.write_text("a = 1\n")
    other.write_text("b = 2\n")
    before = stamp_of(iter([one, other]))
    assert stamp_of(iter([other, one])) == before
    other.write_text("b = 3\n")
    assert stamp_of(iter([one, other])) != before


def test_what_is_kept_lies_in_a_folder_of_that_stamp() -> None:
    from dispatch.matching.pair_kernels import turns
    from foundation.compiled import _folder

    assert str(_folder()) in turns._cache.cache_path  # type: ignore[attr-defined]
