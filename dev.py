#!/usr/bin/env python3
"""Everything a contributor runs, from Python's standard library alone.

`python3 dev.py demo` shows a living city and `python3 dev.py test` runs the tests, on a machine
that has only Python 3.11. What they need is put into `.venv` beside this file, by hash, once
(infra/environment.py does it). `python3 dev.py help` is the manual.
"""

import contextlib
import difflib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036  (this file and this sentence are readable to 3.6)
    found = f"{sys.version_info[0]}.{sys.version_info[1]}"
    sys.stderr.write(f"dev.py: Python 3.11 or newer is needed; this is {found}\n")
    sys.exit(2)

from collections.abc import Callable, Iterator, Mapping

from infra.environment import (
    BIN,
    ROOT,
    VENV,
    Trouble,
    become,
    call,
    environment,
    only_one,
    prepare,
    step,
    uv_environment,
)

MANUAL = """\
NAME
    dev.py - set up, show, test and check Khan Cars

SYNOPSIS
    python3 dev.py COMMAND [ARGUMENTS]

COMMANDS
    demo [ARGUMENTS]     Show the city live: starts a database, the service, a dispatcher, and
                         simulated members and riders. ARGUMENTS go to `khan demo`
                         (`python3 dev.py demo --help` lists them).
    test [--postgis] [ARGUMENTS]
                         Run the tests. ARGUMENTS go to pytest. --postgis also starts a private
                         PostGIS (infra/install_postgis.sh installs it) for the tests that need it.
    check                Format, lint, types, import contracts, house rules. Changes nothing.
    docs                 Write the reference pages that are generated from the code.
    setup [--runtime]    Only prepare .venv: everything, or what the demonstration needs.
    lock [--upgrade]     Resolve the requirements*.in files anew into hash-pinned requirements*.txt.
                         Pins stay as they are unless --upgrade is given.
    clean                Remove .venv, caches and the installed browser libraries. Databases in
                         .khan stay.
    help                 This page.

WHAT IT DOES
    Makes .venv with the Python that runs it, installs a pinned uv there, and lets uv install the
    locked packages, each checked against its hash. The project itself is installed in place, so
    that the command `khan` is .venv/bin/khan. Browser libraries come from the npm registry by
    lock file. A second run sees that nothing changed and skips all of it. No step needs root, and
    none writes outside this folder and the caches of pip, uv and npm. A .venv in this folder
    belongs to dev.py: a half-made one is made anew.

ENVIRONMENT
    PIP_*, pip.conf      Package index, certificate and proxy: uv is told what pip is told, for
                         each thing that no UV_* variable says.
    UV_*                 Read by uv, as its manual says.
    DATABASE_URL         A PostgreSQL 15 to 18 of your own, for the commands that use one.

EXIT STATUS
    0 done; 1 a test, a check or a step failed; 2 the command line is wrong; 130 stopped by Ctrl-C.
"""

# Each lock file after those it must agree with.
LOCKS: Mapping[str, tuple[str, ...]] = {
    "requirements": (),
    "requirements-setup": ("requirements",),
    "requirements-node": (),
    "requirements-dev": ("requirements", "requirements-setup", "requirements-node"),
}

# --- commands ------------------------------------------------------------------------------------


def demo(arguments: list[str]) -> int:
    """Show the city."""
    prepare(runtime_only=True)
    become(BIN / "khan", "demo", *arguments)
    return 0


def test(arguments: list[str]) -> int:
    """Run pytest, with a PostGIS beside it if asked."""
    prepare()
    wanted = [word for word in arguments if word != "--postgis"]
    if not any(word.startswith("-n") or Path(word).exists() for word in wanted):
        # A file's tests share what it starts, so they stay on one worker.
        wanted = ["-n", str(min(os.cpu_count() or 1, 4)), "--dist", "loadfile", *wanted]
    pytest: tuple[str | Path, ...] = (BIN / "python", "-m", "pytest", *wanted)
    if "--postgis" not in arguments:
        become(*pytest)
    with postgis() as address:
        return call(*pytest, into={**environment(), "KHAN_POSTGIS_URL": address})


@contextlib.contextmanager
def postgis() -> Iterator[str]:
    """A private PostGIS in a folder of its own, gone afterwards; its address."""
    script = str(ROOT / "infra/postgis_cluster.sh")
    with tempfile.TemporaryDirectory(prefix="khan-postgis-") as folder:
        told = {**environment(), "KHAN_POSTGIS_FOLDER": str(Path(folder) / "cluster")}
        try:
            started = subprocess.run(
                [script, "start"], stdout=subprocess.PIPE, text=True, check=False, env=told
            )
            if started.returncode != 0:
                raise Trouble("PostGIS did not start; infra/install_postgis.sh installs it")
            yield started.stdout.strip()
        finally:
            subprocess.run([script, "stop"], check=False, env=told)


def check(arguments: list[str]) -> int:
    """Run every gate, and say at the end which of them failed."""
    refuse_arguments("check", arguments)
    prepare()
    python = BIN / "python"
    gates: dict[str, tuple[str | Path, ...]] = {
        "format": (BIN / "ruff", "format", "--check", "."),
        "lint": (BIN / "ruff", "check", "."),
        "types": (BIN / "mypy", "."),
        "imports": (BIN / "lint-imports",),
        "house": (python, "-m", "pytest", "tests/house"),
    }
    failed = []
    for name, command in gates.items():
        started = time.monotonic()
        status = call(*command)
        print(f"{name}: {'failed' if status else 'ok'} ({time.monotonic() - started:.1f} s)\n")
        if status:
            failed.append(name)
    if failed:
        raise Trouble(f"check failed: {', '.join(failed)}")
    print("check: all passed")
    return 0


def docs(arguments: list[str]) -> int:
    """Write the generated pages."""
    refuse_arguments("docs", arguments)
    prepare()
    return call(BIN / "python", "infra/reference_pages.py")


def setup(arguments: list[str]) -> int:
    """Prepare .venv and say where `khan` is."""
    refuse_arguments("setup", [word for word in arguments if word != "--runtime"])
    prepare(runtime_only="--runtime" in arguments)
    print("The environment is ready: .venv/bin/khan --help")
    return 0


def lock(arguments: list[str]) -> int:
    """Write the lock files, which name no address of any registry."""
    refuse_arguments("lock", [word for word in arguments if word != "--upgrade"])
    prepare()
    told = uv_environment()
    form = "--generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11"
    for name, agreeing in LOCKS.items():
        others = [word for other in agreeing for word in ("--constraint", f"{other}.txt")]
        files = (f"{name}.in", "--output-file", f"{name}.txt")
        words = (*form.split(), "--no-emit-find-links", *others, *arguments, *files)
        step(f"Locking {name}", BIN / "uv", "pip", "compile", *words, into=told)
    step("Locking the browser libraries", BIN / "python", "infra/npm_lock.py", into=told)
    for path in [*(ROOT / f"{name}.txt" for name in LOCKS), ROOT / "clients/package-lock.json"]:
        if path.exists() and "://" in path.read_text(encoding="utf-8"):
            raise Trouble(f"{path.name} names an address; a lock file must hold hashes only")
    return 0


def clean(arguments: list[str]) -> int:
    """Remove what set-up and checks made."""
    refuse_arguments("clean", arguments)
    caches = (".mypy_cache", ".ruff_cache", ".import_linter_cache", ".hypothesis")
    made = [VENV, ROOT / "clients/vendor", ROOT / "clients/node_modules"]
    with only_one():
        for path in [*made, *(ROOT / name for name in caches)]:
            if path.exists():
                shutil.rmtree(path)
                print(f"removed {path.relative_to(ROOT)}")
    return 0


def manual(arguments: list[str]) -> int:
    """Print the manual."""
    refuse_arguments("help", arguments)
    print(MANUAL, end="")
    return 0


def refuse_arguments(command: str, arguments: list[str]) -> None:
    """Refuse what a command does not take."""
    if arguments:
        raise Trouble(f"`{command}` does not take {arguments[0]!r}; see `dev.py help`", status=2)


COMMANDS: Mapping[str, Callable[[list[str]], int]] = {
    "demo": demo,
    "test": test,
    "check": check,
    "docs": docs,
    "setup": setup,
    "lock": lock,
    "clean": clean,
    "help": manual,
}


def main(words: list[str]) -> int:
    """Run one command; every refusal is one line."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop as tidily as for Ctrl-C
    name = "help" if not words or words[0] in ("-h", "--help") else words[0]
    try:
        if name not in COMMANDS:
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "see `dev.py help`"
            raise Trouble(f"there is no command {name!r}; {hint}", status=2)
        # What `demo` and `test` take is told by khan and by pytest.
        if name not in ("demo", "test") and {"-h", "--help"} & set(words[1:]):
            return manual([])
        return COMMANDS[name](words[1:])
    except Trouble as trouble:
        print(f"dev.py: {trouble}", file=sys.stderr)
        return trouble.status
    except PermissionError as error:
        print(f"dev.py: {error.filename} cannot be written by this user", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndev.py: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
