"""The verifier that members run in a browser, asked beside the one of the command line.

`verify` takes the place of `verifier.check.verify` in tests: whatever bundle a test makes, both
programs must say the same of it.
"""

import atexit
import base64
import functools
import json
import subprocess
from pathlib import Path
from typing import Any

from clients import install
from tests.ballot_scene import write_parts
from tests.machine import absent
from verifier.check import Verified
from verifier.check import verify as verify_first
from verifier.fault import Fault

PROGRAM = install.CLIENTS / "verify" / "terminal.mjs"
NODE_MAJOR_MIN = 24  # the first that opens ballots: ChaCha20-Poly1305


def find_node() -> Path | None:
    """The Node of the development environment, which can open sealed ballots."""
    for node in install._wheel_nodes():
        if node.is_file() and install._major(node) >= NODE_MAJOR_MIN:
            return node
    return None


def node() -> Path:
    """The Node of the development environment; a test without one is skipped."""
    return find_node() or absent("no Node 24: run python3 dev.py setup")


@functools.cache
def _program(node: Path) -> subprocess.Popen[str]:
    """One process for all bundles of a session: it starts slower than it verifies."""
    command = [str(node), "--no-warnings", str(PROGRAM), "-"]
    started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(started.kill)
    return started


def ask_second(
    bundle: Path, *, receipt: bytes | None = None, noticed_hash: str | None = None
) -> dict[str, Any]:
    """What the second verifier says: `accepted`, and `code` or `certificate`."""
    program = _program(node())
    assert program.stdin is not None
    assert program.stdout is not None
    paper = None if receipt is None else base64.b64encode(receipt).decode()
    asked = {"bundle": str(bundle), "receipt_base64": paper, "notice": noticed_hash}
    program.stdin.write(json.dumps(asked) + "\n")
    program.stdin.flush()
    answer: dict[str, Any] = json.loads(program.stdout.readline())
    return answer


def evaluate(source: str, given: object = None) -> Any:
    """What a module of JavaScript says to `given`: its default export is called with it.

    `from './NAME.mjs'` in the source is a module of the verifier.
    """
    folder = PROGRAM.parent.as_uri()
    linked = source.replace("from './", f"from '{folder}/")
    encoded = base64.b64encode(linked.encode()).decode()
    run = f"import('data:text/javascript;base64,{encoded}')"
    read = "JSON.parse(require('node:fs').readFileSync(0, 'utf8'))"
    script = f"{run}.then((m) => m.default({read})).then((a) => console.log(JSON.stringify(a)))"
    done = subprocess.run(
        [str(node()), "--no-warnings", "--eval", script],
        input=json.dumps(given), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def verify(
    bundle: Path, *, receipt: bytes | None = None, noticed_hash: str | None = None
) -> Verified:
    """What the first verifier says, after the second has said the same."""
    second = None
    if find_node() is not None:
        second = ask_second(bundle, receipt=receipt, noticed_hash=noticed_hash)
    try:
        verified = verify_first(bundle, receipt=receipt, noticed_hash=noticed_hash)
    except Fault as fault:
        _demand_same(second, code=fault.code)
        raise
    _demand_same(second, certificate=verified.certificate)
    return verified


def code_of(parts: dict[str, bytes], folder: Path, **asked: Any) -> str | None:
    """The code of the fault that both find in a bundle of these parts; None if there is none."""
    try:
        verify(write_parts(parts, folder / "bundle.zip"), **asked)
    except Fault as fault:
        return fault.code
    return None


def _demand_same(second: dict[str, Any] | None, **first: object) -> None:
    """Both found the same fault, or made the same certificate."""
    assert second is None or {name: second.get(name) for name in first} == first, second
    assert second is None or second["accepted"] is ("certificate" in first), second
