"""Puts the jar into the wheel, as ksqlflink/jar/ksqlflink.jar; all else is said in pyproject.toml."""

import os
import shutil
import subprocess
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

JAVA = Path(__file__).parent / "java"
BUILT = JAVA / "target" / "ksqlflink.jar"
# A jar that is there already, or NONE for a wheel that only reads and checks SQL.
GIVEN, NONE = os.environ.get("KSQLFLINK_JAR"), "none"
NO_JAR = f"""there is neither {BUILT} nor Maven to build it with.
Install Maven and a JDK 17, or name a jar that is built: KSQLFLINK_JAR=/path/to/ksqlflink.jar.
A wheel that only reads and checks SQL needs no jar: KSQLFLINK_JAR={NONE}."""


def jar() -> Path:
    """Return the jar; Maven, where it is there, builds it if it is older than its sources."""
    if GIVEN:
        return Path(GIVEN)
    maven = shutil.which("mvn")
    if maven and stale():
        subprocess.run([maven, "-q", "-B", "-DskipTests", "package"], cwd=JAVA, check=True)  # noqa: S603
    if not BUILT.is_file():
        raise SystemExit(NO_JAR)
    return BUILT


def stale() -> bool:
    """Tell whether a source of the jar is newer than the jar."""
    since = BUILT.stat().st_mtime if BUILT.is_file() else 0.0
    sources = (JAVA / "pom.xml", *(JAVA / "src" / "main").rglob("*.*"))
    return any(source.stat().st_mtime > since for source in sources)


class WithJar(build_py):
    """Copies the jar beside the modules."""

    def run(self) -> None:
        """Build anew: setuptools would take along what an earlier build left."""
        if self.editable_mode:
            super().run()
            return
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        if GIVEN != NONE:
            folder = Path(self.build_lib) / "ksqlflink" / "jar"
            self.mkpath(str(folder))
            self.copy_file(str(jar()), str(folder / BUILT.name))


setup(cmdclass={"build_py": WithJar})
