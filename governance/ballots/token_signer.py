"""An issuer's key on a PKCS#11 token, which it cannot leave.

Source: OASIS PKCS #11, mechanism CKM_RSA_X_509 (bare RSA). Needs python-pkcs11 (the optional
dependency `token`) and the maker's module; both are looked for when a signer is opened, and what is
missing is said in one sentence. Tried with SoftHSM 2.6, in every run of `.ci/run`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.ballots.blind_rsa import IssuerKey
from governance.ballots.errors import SigningTokenUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKey:
    """Where a key is: the maker's module, the token's label, the key's label."""

    module: Path
    token: str
    label: str


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """A `RawSigner` whose key is on a token that is signed in to."""

    public_key: IssuerKey
    _key: Any  # pkcs11.PrivateKey: the library has no types
    _mechanism: Any

    def raw_sign(self, message: bytes) -> bytes:
        """`message` to the power of the private exponent, modulo n.

        Raises
        ------
        SigningTokenUnavailable
            If the token was taken out or refuses.
        """
        from pkcs11.exceptions import PKCS11Error

        try:
            signed: bytes = self._key.sign(message, mechanism=self._mechanism)
        except PKCS11Error as error:
            raise SigningTokenUnavailable(
                f"the token refused ({type(error).__name__}); is it plugged in?"
            ) from error
        return signed


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is signed in to, with any number of keys on it."""

    _session: Any  # pkcs11.Session
    _name: str

    def make(self, label: str, *, bits: int) -> None:
        """Make a key pair on the token, unless one of that label is there.

        Raises
        ------
        SigningTokenUnavailable
            If the token refuses.
        """
        pkcs11 = _library()
        with _told(f"no key {label!r} could be made on token {self._name!r}"):
            found = self._session.get_objects(
                {
                    pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY,
                    pkcs11.Attribute.LABEL: label,
                }
            )
            if next(iter(found), None) is None:
                # Said rather than left to the maker's defaults: it signs, and nothing else, in there.
                self._session.generate_keypair(
                    pkcs11.KeyType.RSA,
                    bits,
                    label=label,
                    store=True,
                    capabilities=pkcs11.MechanismFlag.SIGN | pkcs11.MechanismFlag.VERIFY,
                    private_template={
                        pkcs11.Attribute.EXTRACTABLE: False,
                        pkcs11.Attribute.SENSITIVE: True,
                    },
                )

    def signer(self, label: str) -> TokenSigner:
        """The signer of a key on the token.

        Raises
        ------
        SigningTokenUnavailable
            If the key is not there.
        """
        pkcs11 = _library()
        with _told(f"no use of key {label!r} on token {self._name!r}"):
            keys = {"label": label, "key_type": pkcs11.KeyType.RSA}
            private = self._session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, **keys)
            public = self._session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, **keys)
            modulus = int.from_bytes(public[pkcs11.Attribute.MODULUS], "big")
            exponent = int.from_bytes(public[pkcs11.Attribute.PUBLIC_EXPONENT], "big")
            return TokenSigner(IssuerKey(modulus, exponent), private, pkcs11.Mechanism.RSA_X_509)


@contextmanager
def open_token(module: Path, token: str, pin: str) -> Iterator[Token]:
    """Sign in to a token, to make and use keys until the end of the block.

    Raises
    ------
    SigningTokenUnavailable
        If the library, the module or the token is not there, or the PIN is wrong.
    """
    pkcs11 = _library()
    with _told(f"no use of token {token!r} through {module}"):
        session = pkcs11.lib(str(module)).get_token(token_label=token).open(rw=True, user_pin=pin)
    with session:
        yield Token(session, token)


@contextmanager
def opened(where: TokenKey, pin: str) -> Iterator[TokenSigner]:
    """Sign in to a token and use its key until the end of the block.

    Raises
    ------
    SigningTokenUnavailable
        If the library, the module, the token or the key is not there, or the PIN is wrong.
    """
    with open_token(where.module, where.token, pin) as token:
        yield token.signer(where.label)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """What the library raises, as the one refusal that there is for it."""
    pkcs11 = _library()
    try:
        yield
    except (pkcs11.exceptions.PKCS11Error, RuntimeError, OSError) as error:
        raise SigningTokenUnavailable(f"{what} ({type(error).__name__})") from error


def _library() -> Any:
    try:
        import pkcs11
        import pkcs11.exceptions
    except ImportError as error:
        raise SigningTokenUnavailable(
            "its key is on a token and python-pkcs11 is not installed; install khan-cars[token]"
        ) from error
    return pkcs11
