"""No tracked text tells of somebody's machine, of a registry's address, or leads nowhere."""

import re

from tests.house.sources import ROOT, tracked_texts

# Put together here, so that this file passes its own test.
_HOMES = "|".join(("work", "root", "home"))
MACHINE_PATH = re.compile(rf"(?<![\w./~$}}-])/(?:{_HOMES})/\w|/tmp/" + "plan")
REGISTRY = re.compile(
    "|".join((r"files\.python" + "hosted", r"registry\." + "npmjs", r"pypi\." + "org"))
)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


def test_no_machine_paths() -> None:
    found = {
        f"{name}:{number}"
        for name, text in tracked_texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if MACHINE_PATH.search(line)
    }
    assert not found


def test_no_registry_is_named() -> None:
    found = {name for name, text in tracked_texts() if REGISTRY.search(text)}
    assert not found


def test_lock_files_hold_hashes_and_no_addresses() -> None:
    locks = {
        name: text
        for name, text in tracked_texts()
        if re.fullmatch(r"requirements.*\.txt|(.*/)?package-lock\.json", name)
    }
    assert "requirements.txt" in locks
    assert not [name for name, text in locks.items() if "://" in text]
    for name, text in locks.items():
        pinned = re.findall(r"^([\w.-]+)==", text, flags=re.MULTILINE)
        hashed = re.findall(r"^([\w.-]+)==[^\n]*\\\n +--hash=sha256:", text, flags=re.MULTILINE)
        assert pinned == hashed, name


def test_what_is_asked_for_is_pinned() -> None:
    loose = {
        f"{name}: {line}"
        for name, text in tracked_texts()
        if re.fullmatch(r"requirements.*\.in", name)
        for line in text.splitlines()
        if line.strip() and not line.startswith(("#", "-r ")) and "==" not in line
    }
    assert not loose


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for name, text in tracked_texts():
        if not name.endswith(".md"):
            continue
        for match in LINK.finditer(text):
            target = (match[1] or match[2]).partition("#")[0]
            if not target or re.match(r"[a-z]+:", target):
                continue
            if not (ROOT / name).parent.joinpath(target).exists():
                broken.append(f"{name}: {target}")
    assert not broken
