"""`khan verify` and `khan bench ballots`, as somebody types them."""

import hashlib
from pathlib import Path

import pytest
from pypdf import PdfReader

from khan.command_line import main
from tests.ballot_scene import changed_json, honest_parts, write_parts


def _khan(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(words)
    return int(ended.value.code or 0)


def test_a_bundle_is_verified_or_what_is_wrong_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = honest_parts()
    path = write_parts(parts, tmp_path / "bundle.zip")
    assert _khan("verify", str(path), "--processes", "1") == 0
    assert "Nothing is wrong with this vote." in capsys.readouterr().out
    certificate = changed_json(parts["certificate.json"], lambda c: c.update(roll=7))
    write_parts(parts | {"certificate.json": certificate}, path)
    assert _khan("verify", str(path), "--processes", "1") == 1
    assert "WRONG broken_recount: Counting again gives another roll" in capsys.readouterr().out
    assert _khan("verify", str(tmp_path / "absent.zip")) == 2


def test_a_small_measurement_makes_a_bundle_that_holds(tmp_path: Path) -> None:
    kept = tmp_path / "kept.zip"
    asked = ("--ballots", "12", "--modulus-bits", "2048", "--processes", "1", "--keep", str(kept))
    assert _khan("bench", "ballots", *asked) == 0
    assert _khan("verify", str(kept), "--processes", "1") == 0


def test_a_certificate_on_paper_is_the_bundle_s_and_the_same_each_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = write_parts(honest_parts(), tmp_path / "bundle.zip")
    sheets = []
    for name in ("one.pdf", "two.pdf"):
        told = (
            "--officer",
            "R. Officer",
            "--observer",
            "City clerk",
            "--out",
            str(tmp_path / name),
        )
        assert _khan("certificate", str(bundle), *told) == 0
        sheets.append((tmp_path / name).read_bytes())
    assert sheets[0] == sheets[1]
    said = "".join(
        "".join(page.extract_text() for page in PdfReader(tmp_path / "one.pdf").pages).split()
    )
    certificate = honest_parts()["certificate.json"]
    assert hashlib.sha256(certificate).hexdigest() in said
    assert "R.Officer" in said
    assert "Cityclerk" in said
    (tmp_path / "none.zip").write_bytes(b"PK")
    told = ("--officer", "x", "--out", str(tmp_path / "three.pdf"))
    capsys.readouterr()
    assert _khan("certificate", str(tmp_path / "none.zip"), *told) == 2
    assert "no bundle of a vote" in capsys.readouterr().err
