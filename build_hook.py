"""What a wheel needs beyond its packages: its dependencies, and the browser libraries."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface


class CustomMetadataHook(MetadataHookInterface):
    """The dependencies are the names in requirements.in: one list, not two."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Fill in `dependencies`."""
        lines = (Path(self.root) / "requirements.in").read_text(encoding="utf-8").splitlines()
        metadata["dependencies"] = [
            line.strip() for line in lines if line.strip() and not line.startswith("#")
        ]


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Refuses to build a wheel whose map nobody could see."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Look for the browser libraries, which set-up installs and no commit holds."""
        libraries = Path(self.root) / "clients" / "vendor" / "vendor.json"
        if version == "standard" and not libraries.is_file():
            message = "the browser libraries are missing; run `python3 dev.py setup` first"
            raise RuntimeError(message)
