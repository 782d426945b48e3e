"""Makes `.venv`: what dev.py's commands run in. The standard library only; nothing imports it but dev.py.

Owns `.venv` and the lock that two set-ups wait at. Refuses, in one sentence each (`Trouble`), a
Python that cannot make environments and a step that fails.
"""

import ast
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMP = VENV / "khan-setup.json"
RUNTIME = ("requirements.txt", "requirements-setup.txt")
DEVELOPMENT = ("requirements-dev.txt",)
NODE = "requirements-node.txt"
NODE_MAJOR_MIN = 20  # as clients/install.py asks
# What else changes the outcome of a set-up: the entry points, and the browser libraries.
ALSO_READ = (
    "pyproject.toml",
    "build_hook.py",
    "clients/install.py",
    "clients/package-lock.json",
)
PATIENCE_SECONDS = 10  # without a terminal, a step says it is alive this often


class Trouble(Exception):
    """Something a person must do differently, in one line."""

    def __init__(self, sentence: str, *, status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status


def environment() -> dict[str, str]:
    """The environment of every child: .venv first, and no other Python's leavings."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__")
    }
    path = os.pathsep.join((str(BIN), inherited.get("PATH", os.defpath)))
    return {**inherited, "VIRTUAL_ENV": str(VENV), "PATH": path}


# --- steps ---------------------------------------------------------------------------------------


def step(title: str, *command: str | Path, into: Mapping[str, str] | None = None) -> None:
    """Run one command quietly, with its title, a sign of life and its seconds.

    Raises
    ------
    Trouble
        If it cannot run or does not exit with 0; the end of its output is shown first.
    """
    started = time.monotonic()
    live = sys.stdout.isatty()
    print(f"  {title} ...", end="\r" if live else "\n", flush=True)
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=into or environment(),
            close_fds=False,  # for the lock of only_one()
        )
        with ending(child):
            while not finished(child, 1 if live else PATIENCE_SECONDS):
                seconds = time.monotonic() - started
                print(f"  {title} ... {seconds:.0f} s", end="\r" if live else "\n", flush=True)
        if child.returncode != 0:
            output.seek(0)
            sys.stderr.write("".join(output.readlines()[-40:]))
            raise Trouble(f"{title}: failed with exit status {child.returncode}")
    print(f"  {title}: {time.monotonic() - started:.1f} s      ", flush=True)


def finished(child: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait so long for a child; whether it has ended."""
    try:
        child.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


@contextlib.contextmanager
def ending(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leave no child behind, however the block ends."""
    try:
        yield
    finally:
        if child.poll() is None:
            child.terminate()
            if not finished(child, 5):
                child.kill()
                child.wait()


def call(*command: str | Path, into: Mapping[str, str] | None = None) -> int:
    """Run one command with its output shown, and return its exit status."""
    child = subprocess.Popen([str(word) for word in command], cwd=ROOT, env=into or environment())
    with ending(child):
        return child.wait()


def become(*command: str | Path) -> None:
    """Let the command take this process's place: its signals and its exit status are its own."""
    sys.stdout.flush()
    os.chdir(ROOT)
    words = [str(word) for word in command]
    if not Path(words[0]).exists():
        raise Trouble(f"{words[0]} is missing; `python3 dev.py clean` and try again")
    os.execve(words[0], words, environment())


# --- set-up --------------------------------------------------------------------------------------


def uv_environment() -> dict[str, str]:
    """`environment()` with pip's configuration said again in uv's words.

    uv reads no pip.conf. What a UV_* variable already says is left alone.
    """
    told = environment()
    told["UV_PYTHON_DOWNLOADS"] = "never"
    pip = pip_configuration()
    indexes = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")
    if not any(name in told for name in indexes):
        say(told, "UV_INDEX_URL", pip.get("index-url"))
        say(told, "UV_EXTRA_INDEX_URL", " ".join(pip.get("extra-index-url", "").split()))
        # As pip: the best of all indexes. Every file is checked by hash, so no index can slip in
        # another package of the same name.
        say(told, "UV_INDEX_STRATEGY", "unsafe-best-match")
    say(told, "UV_FIND_LINKS", ",".join(pip.get("find-links", "").split()))
    say(told, "UV_NO_INDEX", {"1": "true", "true": "true"}.get(pip.get("no-index", "").lower()))
    say(told, "UV_INSECURE_HOST", " ".join(pip.get("trusted-host", "").split()))
    say(told, "UV_HTTP_TIMEOUT", pip.get("timeout", pip.get("default-timeout")))
    say(told, "SSL_CERT_FILE", pip.get("cert"))
    say(told, "SSL_CLIENT_CERT", pip.get("client-cert"))
    say(told, "HTTPS_PROXY", pip.get("proxy"))
    say(told, "NODE_EXTRA_CA_CERTS", pip.get("cert"))
    return told


def say(told: dict[str, str], name: str, value: str | None) -> None:
    """Set a variable that nobody has set."""
    if value and name not in told:
        told[name] = value


def pip_configuration() -> dict[str, str]:
    """pip's settings by name, the environment's before the `install` section before the global."""
    listing = subprocess.run(
        [BIN / "python", "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    found: dict[str, tuple[int, str]] = {}
    for line in listing.stdout.splitlines():
        section, _, rest = line.partition(".")
        name, _, quoted = rest.partition("=")
        rank = {"global": 0, "install": 1, ":env:": 2}.get(section, -1)
        if rank >= found.get(name, (0, ""))[0]:
            found[name] = (rank, str(ast.literal_eval(quoted)))
    return {name: value for name, (_, value) in found.items()}


def prepare(*, runtime_only: bool = False) -> None:
    """Bring .venv to what the lock files say; quick when it is there already.

    Raises
    ------
    Trouble
        If a step fails, or this folder belongs to somebody else.
    """
    if is_prepared(runtime_only=runtime_only):
        return
    with only_one():
        if is_prepared(runtime_only=runtime_only):
            return  # the one we waited for has done it
        started = time.monotonic()
        print(f"Setting up .venv (Python {sys.version_info[0]}.{sys.version_info[1]})", flush=True)
        make_environment()
        STAMP.unlink(missing_ok=True)
        install([*RUNTIME, *without_node()] if runtime_only else DEVELOPMENT)
        STAMP.write_text(json.dumps({"fingerprint": fingerprint(runtime_only=runtime_only)}))
        print(f"Ready in {time.monotonic() - started:.0f} s", flush=True)


def install(locks: Sequence[str]) -> None:
    """Sync .venv with the lock files, then put the project and the browser libraries in."""
    told = uv_environment()
    uv, python = (BIN / "uv", "pip"), ("--python", BIN / "python")
    count = sum("==" in line for lock in locks for line in (ROOT / lock).read_text().splitlines())
    packages: tuple[str | Path, ...] = (*uv, "sync", *python, "--require-hashes", *locks)
    in_place = ("--no-deps", "--no-build-isolation", "--editable", ".")
    project: tuple[str | Path, ...] = (*uv, "install", *python, *in_place)
    step(f"Installing {count} packages", *packages, into=told)
    step("Installing the project in place", *project, into=told)
    if (ROOT / "clients/install.py").exists():
        step("Installing the browser libraries", BIN / "python", "clients/install.py", into=told)


def is_prepared(*, runtime_only: bool) -> bool:
    """Whether the stamp of a finished set-up matches; the development one serves for both."""
    try:
        stamped = json.loads(STAMP.read_text())["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    wanted = {fingerprint(runtime_only=False)}
    if runtime_only:
        wanted.add(fingerprint(runtime_only=True))
    return stamped in wanted and (BIN / "python").exists()


def fingerprint(*, runtime_only: bool) -> str:
    """A digest of all that decides what is in .venv, its own place included."""
    digest = hashlib.sha256(f"{base_python()} {sys.version} {VENV}".encode())
    for name in [*(RUNTIME if runtime_only else DEVELOPMENT), *ALSO_READ]:
        path = ROOT / name
        digest.update(f"\n{name}\n".encode())
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def base_python() -> str:
    """The Python beneath any virtual environment that this one runs in."""
    return str(getattr(sys, "_base_executable", sys.executable))


def without_node() -> list[str]:
    """The lock file that brings Node, where the machine has none that is recent enough."""
    if not (shutil.which("npm") and shutil.which("node")):
        return [NODE]
    told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    major = told.strip().removeprefix("v").partition(".")[0]
    return [] if major.isdecimal() and int(major) >= NODE_MAJOR_MIN else [NODE]


def make_environment() -> None:
    """Make .venv with the pinned uv in it, unless a finished set-up left a good one."""
    if STAMP.exists() and (BIN / "uv").exists() and same_python():
        return
    have_ensurepip = subprocess.run(
        [base_python(), "-c", "import ensurepip, venv"], capture_output=True, check=False
    )
    if have_ensurepip.returncode != 0:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise Trouble(f"this Python cannot make environments; on Debian: apt-get install {package}")
    step("Making the environment", base_python(), "-m", "venv", "--clear", VENV)
    pip = (
        BIN / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--no-deps",
        "--no-compile",
    )
    step("Installing uv", *pip, "-r", "requirements-setup.txt")


def same_python() -> bool:
    """Whether .venv runs, and is of the Python that runs this."""
    try:
        answer = subprocess.run(
            [BIN / "python", "-c", "import sys; print(sys.version)"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return False
    return answer.stdout.strip() == sys.version.strip()


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Wait until no other dev.py is setting up this folder."""
    folder = ROOT / ".khan"
    folder.mkdir(exist_ok=True)
    with (folder / "dev.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another dev.py is setting up this folder; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        # The steps hold it too: when this process is killed, the next waits for what it left running.
        os.set_inheritable(lock.fileno(), True)
        yield
