"""A PKCS#11 token for the tests of one process: SoftHSM, which reads where its tokens are only once."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
PIN = "135790"


@dataclass(frozen=True, kw_only=True)
class SigningToken:
    """A token by the module that reaches it and its label; its PIN is `PIN`."""

    module: Path
    label: str


@contextmanager
def new_token(folder: Path) -> Iterator[SigningToken]:
    """A new token in an empty folder; the environment names it meanwhile."""
    module = next((one for one in MODULES if one.exists()), None)
    if module is None:
        absent("no SoftHSM: run infra/install_softhsm.sh")
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    before = os.environ.get(CONFIGURATION)
    os.environ[CONFIGURATION] = str(configuration)
    try:
        words = ("--init-token", "--free", "--label", "desk", "--so-pin", "2468", "--pin", PIN)
        subprocess.run(("softhsm2-util", *words), check=True, capture_output=True)
        yield SigningToken(module=module, label="desk")
    finally:
        if before is None:
            del os.environ[CONFIGURATION]
        else:
            os.environ[CONFIGURATION] = before
