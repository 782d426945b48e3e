"""A member's passkey for votes: made on their device, before the roll is published."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from governance.errors import VotingKeyUnusable
from governance.member import MemberId
from governance.store import voting_keys as store
from storage.work import UnitOfWork

CREDENTIAL_ID_BYTES_MAX = 1023
"""Web Authentication Level 2, section 4."""


async def register_voting_key(
    work: UnitOfWork, member_id: MemberId, *, credential: bytes, credential_id: bytes
) -> int:
    """Keep the key that a member votes with from now on; the latest one goes onto rolls.

    Parameters
    ----------
    credential
        The public key as SubjectPublicKeyInfo in DER.
    credential_id
        By which the device finds it again.

    Returns
    -------
    How many keys this member has had.

    Raises
    ------
    VotingKeyUnusable
        If it is no P-256 key, or its identifier is empty or longer than 1023 bytes.
    """
    if not 1 <= len(credential_id) <= CREDENTIAL_ID_BYTES_MAX:
        raise VotingKeyUnusable("its identifier is empty or too long")
    return await store.insert_voting_key(
        work, member_id, credential=_in_one_form(credential), credential_id=credential_id
    )


def _in_one_form(credential: bytes) -> bytes:
    """The key as every verifier reads it: an uncompressed point that is on the curve."""
    try:
        key = serialization.load_der_public_key(credential)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise VotingKeyUnusable("it cannot be read") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise VotingKeyUnusable("votes use P-256 keys alone")
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
