"""A key on a PKCS#11 token signs as one in memory does, and never leaves it; tried with SoftHSM."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pkcs11
import pytest

from foundation.chance import SeededChance
from governance.ballots import blind_rsa
from governance.ballots.errors import SigningTokenUnavailable
from governance.ballots.token_signer import TokenKey, opened
from tests.machine import absent

MODULES = tuple(
    Path(folder) / "softhsm/libsofthsm2.so"
    for folder in (
        "/usr/lib",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/local/lib",
    )
)
CONFIGURATION = "SOFTHSM2_CONF"
PIN, WRONG_PIN = "135790", "000000"

pytestmark = pytest.mark.token


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenKey]:
    """A new token with one RSA key. SoftHSM finds it by the environment, as it is started once."""
    module = next((one for one in MODULES if one.exists()), None)
    if module is None:
        absent("no SoftHSM: run infra/install_softhsm.sh")
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    with _told(str(configuration)):
        words = ("--init-token", "--free", "--label", "desk", "--so-pin", "2468", "--pin", PIN)
        subprocess.run(("softhsm2-util", *words), check=True, capture_output=True)
        token = pkcs11.lib(str(module)).get_token(token_label="desk")
        with token.open(user_pin=PIN, rw=True) as session:
            session.generate_keypair(pkcs11.KeyType.RSA, 2048, label="vote", store=True)
        yield TokenKey(module=module, token="desk", label="vote")


@contextmanager
def _told(configuration: str) -> Iterator[None]:
    before = os.environ.get(CONFIGURATION)
    os.environ[CONFIGURATION] = configuration
    try:
        yield
    finally:
        if before is None:
            del os.environ[CONFIGURATION]
        else:
            os.environ[CONFIGURATION] = before


def test_a_key_on_a_token_signs_as_one_in_memory_does(desk: TokenKey) -> None:
    chance = SeededChance(3)
    with opened(desk, PIN) as signer:
        prepared = blind_rsa.prepare(b"ballot key", chance)
        blinded = blind_rsa.blind(signer.public_key, prepared, chance)
        signed = blind_rsa.blind_sign(signer, blinded.message)
        signature = blind_rsa.finalize(signer.public_key, blinded, signed)
        blind_rsa.verify(signer.public_key, prepared, signature)


def test_the_key_cannot_be_taken_off_the_token(desk: TokenKey) -> None:
    token = pkcs11.lib(str(desk.module)).get_token(token_label=desk.token)
    with token.open(user_pin=PIN) as session:
        key = session.get_key(
            object_class=pkcs11.ObjectClass.PRIVATE_KEY, key_type=pkcs11.KeyType.RSA, label="vote"
        )
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            key[pkcs11.Attribute.PRIVATE_EXPONENT]


@pytest.mark.parametrize("what", ["label", "token", "pin"])
def test_what_is_not_there_is_said_so(desk: TokenKey, what: str) -> None:
    where = desk if what == "pin" else replace(desk, **{what: "absent"})
    pin = WRONG_PIN if what == "pin" else PIN
    named = where.label if what == "label" else where.token
    with pytest.raises(SigningTokenUnavailable, match=named), opened(where, pin):
        pass


def test_a_module_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    where = TokenKey(module=tmp_path / "none.so", token="desk", label="vote")
    with pytest.raises(SigningTokenUnavailable, match=r"none\.so"), opened(where, "1234"):
        pass
