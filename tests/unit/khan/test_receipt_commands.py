"""`khan receipt`: making a key, and checking what was signed with it."""

import json
from pathlib import Path
from typing import Any

import pytest

from khan.letterhead import make_key, read_key
from papers.errors import SigningKeyUnusable
from tests.paper_builders import KEYS, facts_of_fare, receipt_of
from tests.unit.khan.test_command_line import Khan


def kept(folder: Path, receipt: dict[str, Any]) -> list[str]:
    (folder / "receipt.json").write_text(json.dumps(receipt), encoding="utf-8")
    keys = {"keys": [key.as_json() for key in KEYS]}
    (folder / "keys.json").write_text(json.dumps(keys), encoding="utf-8")
    return ["receipt", "verify", str(folder / "receipt.json")]


def test_a_signed_receipt_is_right_and_a_changed_one_exits_with_1(
    khan: Khan, tmp_path: Path
) -> None:
    receipt = receipt_of(facts_of_fare())
    words, keys = kept(tmp_path, receipt), ["--keys", str(tmp_path / "keys.json")]
    code, told, _ = khan(*words, *keys)
    assert code == 0
    assert "published key" in told
    assert "not checked" in khan(*words)[1]
    kept(tmp_path, receipt | {"supplier": None})
    code, told, _ = khan(*words, *keys)
    assert (code, "signature" in told) == (1, True)


def test_a_new_key_is_for_its_owner_and_never_written_over(khan: Khan, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    code, told, _ = khan("receipt", "new-key", str(file))
    assert code == 0
    assert read_key(file).key_id in told
    before = file.read_bytes()
    code, _, refused = khan("receipt", "new-key", str(file))
    assert (code, "there already" in refused, file.read_bytes()) == (2, True, before)
    file.chmod(0o644)
    with pytest.raises(SigningKeyUnusable):
        read_key(file)


def test_keys_from_two_places_are_refused(khan: Khan, tmp_path: Path) -> None:
    words = kept(tmp_path, receipt_of(facts_of_fare()))
    code, _, refused = khan(*words, "--keys", str(tmp_path / "keys.json"), "--url", "http://x")
    assert (code, "not both" in refused) == (2, True)


def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    for said in (b"", b"no key", bytes(range(256))):
        file.write_bytes(said)
        file.chmod(0o600)
        with pytest.raises(SigningKeyUnusable):
            read_key(file)
    assert (
        make_key(tmp_path / "other.pem", _Zero()).key_id == read_key(tmp_path / "other.pem").key_id
    )


class _Zero:
    """A chance that always falls the same way."""

    def bits(self, count: int) -> int:
        return 0

    def below(self, limit: int) -> int:
        return 0

    def uniform(self) -> float:
        return 0.0
