"""Documents that a person asked to have in a file."""

import json
from pathlib import Path
from typing import Any


def write_json(document: dict[str, Any], path: Path) -> None:
    """Write the document whole, or not at all."""
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(path)
