"""Texts reach the sender whole, in the reader's language, and never a log."""

import io
import json
from pathlib import Path

import pytest

from messages.codes import CodeMessages
from messages.sender import ConsoleSender, NullSender
from messages.templates import FALLBACK, LANGUAGES, TEXTS, write


def test_every_text_is_written_in_every_language() -> None:
    for kind, texts in TEXTS.items():
        assert tuple(sorted(texts)) == LANGUAGES, kind
    assert FALLBACK in LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_opens_its_text_so_that_a_lock_screen_shows_it(language: str) -> None:
    text = write("sign_in_code", language, code="042117")
    assert text.startswith("042117 ")
    assert len(text) <= 160


def test_a_language_we_do_not_write_is_answered_in_english() -> None:
    assert write("sign_in_code", "de", code="1") == write("sign_in_code", "en", code="1")


async def test_a_code_goes_to_its_phone() -> None:
    sender = NullSender()
    await CodeMessages(sender).send_code("+352621123456", "042117", "ca")
    (message,) = sender.sent
    assert (message.to, message.kind) == ("+352621123456", "sign_in_code")
    assert "042117 és" in message.text
    assert "042117" not in repr(message)
    assert "621123456" not in repr(message)


async def test_the_console_writes_one_line_a_message_at_once() -> None:
    stream = io.StringIO()
    sender = ConsoleSender(stream)
    await sender.send("+352621123456", "first\nline", "test")
    await sender.send("+352621123457", "è", "test")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lines[0] == {"to": "+352621123456", "kind": "test", "text": "first\nline"}
    assert lines[1]["text"] == "è"


async def test_a_file_of_messages_is_appended_to_and_private(tmp_path: Path) -> None:
    path = tmp_path / "phones.jsonl"
    for number in range(2):
        sender = ConsoleSender.to_file(path)
        await sender.send("+352621123456", str(number), "test")
        texts = [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()]
        assert texts == [str(one) for one in range(number + 1)]
        sender.close()
    assert path.stat().st_mode & 0o077 == 0
