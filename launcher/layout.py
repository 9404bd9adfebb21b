"""Where things are: the repository and this suite's folder of state.

VAR_DIR holds everything one suite makes (settings, secrets, keys, logs, rendered configuration). As
root the PostgreSQL cluster lies outside it, under /var/tmp (see postgres.py).
"""

import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders and files of one suite."""

    var: Path

    @property
    def state_file(self) -> Path:
        return self.var / "suite.json"

    @property
    def settings_file(self) -> Path:
        """A person's own settings, KEY=value lines; read at each start, never written by us."""
        return self.var / "settings.env"

    @property
    def lock_file(self) -> Path:
        return self.var / "suite.lock"

    @property
    def env_dir(self) -> Path:
        return self.var / "env"

    @property
    def log_dir(self) -> Path:
        return self.var / "logs"

    @property
    def tls_dir(self) -> Path:
        return self.var / "tls"

    @property
    def authority(self) -> Path:
        return self.tls_dir / "ca.pem"

    @property
    def certificate(self) -> Path:
        return self.tls_dir / "server.pem"

    @property
    def certificate_key(self) -> Path:
        return self.tls_dir / "server.key"

    @property
    def signing_keys(self) -> Path:
        return self.var / "keys" / "auth"

    @property
    def nginx_dir(self) -> Path:
        return self.var / "nginx"

    @property
    def supervisor_config(self) -> Path:
        return self.var / "supervisord.conf"

    @property
    def clock_file(self) -> Path:
        return self.var / "clock.json"

    @property
    def static_root(self) -> Path:
        return self.var / "static"

    @property
    def sandbox_state(self) -> Path:
        return self.var / "sandbox" / "state.sqlite"

    def make_folders(self) -> None:
        """All folders, private to their owner."""
        for folder in (
            self.var,
            self.env_dir,
            self.log_dir,
            self.tls_dir,
            self.signing_keys.parent,
            self.signing_keys,
            self.nginx_dir,
            self.static_root,
            self.sandbox_state.parent,
        ):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def current() -> Layout:
    """The suite VAR_DIR names, or the one in the repository's own `var/`."""
    given = os.environ.get("VAR_DIR")
    return Layout(Path(given).absolute() if given else REPOSITORY / "var")


def write_private(path: Path, text: str) -> None:
    """Write in one rename, readable by the owner alone: a crash leaves the old file or the new."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        # On a full disk above all: what nobody reads must not take room.
        partial.unlink(missing_ok=True)
        raise


def read_env_file(path: Path) -> dict[str, str]:
    """KEY=value lines; quotes round a value are dropped, `#` lines and blank ones skipped."""
    if not path.exists():
        return {}
    pairs = {}
    for line in path.read_text(errors="replace").splitlines():
        key, separator, value = line.partition("=")
        if separator and not line.lstrip().startswith("#"):
            pairs[key.strip()] = value.strip().strip("\"'")
    return pairs
