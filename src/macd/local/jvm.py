"""Starting a JVM: its options in an argument file, and a class-data archive that makes it start fast.

The first run of a component records the classes it loads (the JVM writes the archive as it ends); later runs
map them ready-made, which takes half the processor time off their start. An archive is bound to the JVM and
to the very jars, so both are part of its name, and a stale one is simply never found.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from macd.local.config import LocalConfig
from macd.local.files import render_to

# The JIT's first tier only: compiling further is half of a start, and did not even pay for itself over
# 300,000 records through the broker or 20,000 documents through the sink. Flink's task manager keeps both.
QUICK_START = ("-XX:TieredStopAtLevel=1",)


def java_program() -> str:
    """The java of JAVA_HOME, or else of the PATH."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home, "bin", "java")) if home else shutil.which("java") or "java"


@dataclass(frozen=True)
class Jvm:
    """The JVM of one component; `jars` names its folders in the cache."""

    config: LocalConfig
    name: str
    jars: tuple[str, ...]
    flags: tuple[str, ...]

    @property
    def _arguments(self) -> Path:
        return self.config.run / "conf" / f"{self.name}.args"

    @property
    def class_path(self) -> str:
        """All jars of the folders."""
        return os.pathsep.join(str(self.config.cache / folder / "*") for folder in self.jars)

    def command(self, *main: str) -> tuple[str, ...]:
        """The command line; it stays the same whether or not an archive exists by now."""
        return (java_program(), f"@{self._arguments}", *main)

    def prepare(self) -> None:
        """Write the argument file and what it refers to."""
        logging = self.config.run / "conf" / "log4j2.properties"
        render_to(logging, "log4j2.properties", self.config)
        log4j = f"-Dlog4j2.configurationFile={logging}"
        temporary = f"-Djava.io.tmpdir={self._temporary_folder()}"
        options = [*self.flags, log4j, temporary, "-Xshare:auto", "-Xlog:cds=error", self._archive_flag()]
        quoted = [option.replace("\\", "\\\\").replace('"', '\\"') for option in options]
        self._arguments.write_text("".join(f'"{option}"\n' for option in quoted))

    def _temporary_folder(self) -> Path:
        """An empty folder that is not /tmp: there, another user can own what has a name known beforehand.

        Such as flink-web-upload, out of which Flink reads the jobs that it is given.
        """
        folder = self.config.run / "tmp" / self.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def _archive_flag(self) -> str:
        name = f"{self.name}-{self._fingerprint()}.jsa"
        archive = _kept(self.config) / name
        if archive.is_file():
            return f"-XX:SharedArchiveFile={archive}"
        _recorded(self.config).mkdir(parents=True, exist_ok=True)
        return f"-XX:ArchiveClassesAtExit={_recorded(self.config) / name}"

    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        stamps = [self.config.cache / folder / ".stamp" for folder in self.jars]
        for path in (Path(java_program()).resolve(), *stamps):
            digest.update(f"{path} {path.stat().st_mtime_ns if path.exists() else 0};".encode())
        return digest.hexdigest()[:16]


def keep_archives(config: LocalConfig) -> None:
    """Move archives that ended JVMs have written into the cache, each in one step, in place of older ones."""
    _kept(config).mkdir(parents=True, exist_ok=True)
    for archive in _recorded(config).glob("*.jsa"):
        partial = _kept(config) / f"{archive.name}.{os.getpid()}.part"
        shutil.move(archive, partial)
        for older in _kept(config).glob(f"{archive.name.rpartition('-')[0]}-*.jsa"):
            older.unlink(missing_ok=True)  # another stack with this cache may be a moment earlier
        partial.replace(_kept(config) / archive.name)


def _kept(config: LocalConfig) -> Path:
    return config.cache / "class-data"


def _recorded(config: LocalConfig) -> Path:
    return config.run / "class-data"
