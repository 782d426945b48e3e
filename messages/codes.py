"""One-time codes by text message: what the registry's sign-in asks for, over any sender."""

from messages.sender import Sender
from messages.templates import write


class CodeMessages:
    """Sends one-time codes as texts in the reader's language."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def send_code(self, to: str, code: str, language: str) -> None:
        """Hand over a code for a phone (E.164); `language` is ISO 639."""
        await self._sender.send(to, write("sign_in_code", language, code=code), "sign_in_code")
