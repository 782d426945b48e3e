"""Proxies: one member votes for another, one step, for few, and only until the other takes it back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from governance.bylaws import Bylaws
from governance.errors import ProxyRefused
from governance.member import MemberId


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """Who votes for whom in one vote; `instructed` is the choice they are bound to, as the board of
    names would have it, if any."""

    giver: MemberId
    holder: MemberId
    given_at: datetime
    instructed: str | None = None
    revoked_at: datetime | None = None
    used_at: datetime | None = None

    @property
    def stands(self) -> bool:
        """Whether it may still be used."""
        return self.revoked_at is None and self.used_at is None


def check_new_proxy(new: Proxy, standing: Iterable[Proxy], *, matter: str, bylaws: Bylaws) -> None:
    """Whether a proxy may be given beside those of the same vote.

    Raises
    ------
    ProxyRefused
        If the matter allows none, or it would be passed on, or the holder has as many as they may.
    """
    others = [one for one in standing if one.revoked_at is None]
    if matter not in bylaws.proxy.matters:
        raise ProxyRefused(f"everyone votes for themselves on {matter} matters")
    if new.giver == new.holder:
        raise ProxyRefused("nobody is their own proxy")
    if any(one.giver == new.giver for one in others):
        raise ProxyRefused("somebody votes for them already")
    if any(one.holder == new.giver or one.giver == new.holder for one in others):
        raise ProxyRefused("a proxy is not passed on")
    if sum(1 for one in others if one.holder == new.holder) >= bylaws.proxy.held_max:
        raise ProxyRefused(f"nobody votes for more than {bylaws.proxy.held_max} others")


def check_revocation(proxy: Proxy) -> None:
    """Whether a proxy may be taken back.

    Raises
    ------
    ProxyRefused
        If it voted already (the giver may still vote anew until the close, which replaces that
        ballot where the ballot is theirs), or was taken back.
    """
    if proxy.used_at is not None:
        raise ProxyRefused("it has voted already; cast your own ballot, which replaces it")
    if proxy.revoked_at is not None:
        raise ProxyRefused("it was taken back already")
