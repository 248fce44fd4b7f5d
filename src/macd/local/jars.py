"""The cache of Java parts: Maven provides each once, and a stamp tells whether it is still right.

<cache>/<project>/*.jar     one folder a project under local/maven, and the engine's
<cache>/<project>/.stamp    hash of that project's sources: a changed pom makes the folder stale
<cache>/build/<project>/    where Maven works; renamed into place only when complete and right

What a project collects is held against the sums that it keeps in jars.sha256: Maven compares a jar with a sum
from the same server only.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from macd.errors import EnvironmentNotReady
from macd.local.config import ENGINE, MAVEN_PROJECTS

SUMS = "jars.sha256"
ENGINE_NAME = "ksqlflink"
_LEFT_BY_MAVEN = "target"
# What is collected; what lies beside that which is built; what has gone into it.
_LIBRARIES = ("jars", "target/lib", "target/shaded")


@dataclass(frozen=True)
class JarProject:
    """A Maven project whose jars make up one folder of the cache."""

    name: str
    sources: Path

    @property
    def is_build(self) -> bool:
        """Whether there is something to package; the other projects only collect dependencies."""
        return (self.sources / "src").is_dir()

    def sums(self) -> dict[str, str] | None:
        """The SHA-256 of every jar by its name, as the project keeps them; None for what is built here."""
        kept = self.sources / SUMS
        if not kept.is_file():
            return None
        return {name: digest for digest, name in map(str.split, kept.read_text().splitlines())}

    def stamp(self) -> str:
        """Hash over the names and contents of the project's files."""
        digest = hashlib.sha256()
        for path in sorted(path for path in self.sources.rglob("*") if path.is_file()):
            name = path.relative_to(self.sources)
            if name.parts[0] != _LEFT_BY_MAVEN:
                digest.update(str(name).encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()


def projects(root: Path = MAVEN_PROJECTS) -> dict[str, JarProject]:
    """All Maven projects, those that build something first because they take longest."""
    poms = sorted(root.rglob("pom.xml"))
    found = [JarProject(pom.parent.relative_to(root).as_posix(), pom.parent) for pom in poms]
    if root == MAVEN_PROJECTS:
        found.append(JarProject(ENGINE_NAME, ENGINE))
    return {project.name: project for project in sorted(found, key=lambda project: not project.is_build)}


def is_cached(project: JarProject, cache: Path) -> bool:
    """Whether the cache holds this project as it is now."""
    stamp = cache / project.name / ".stamp"
    return stamp.is_file() and stamp.read_text() == project.stamp()


def missing(names: Iterable[str], cache: Path, root: Path = MAVEN_PROJECTS) -> list[JarProject]:
    """The named projects that still have to be fetched or built."""
    wanted = set(names)
    return [p for p in projects(root).values() if p.name in wanted and not is_cached(p, cache)]


def work_folder(project: JarProject, cache: Path) -> Path:
    """A fresh copy of the project's sources for Maven to work in."""
    work = cache / "build" / project.name
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(project.sources, work, ignore=shutil.ignore_patterns(_LEFT_BY_MAVEN))
    return work


def install(project: JarProject, work: Path, cache: Path) -> None:
    """Move what Maven has made in `work` into the cache, stamped, in one step."""
    _check(project, work)
    jars = _collect(project, work)
    (jars / ".stamp").write_text(project.stamp())
    target = cache / project.name
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    jars.rename(target)
    shutil.rmtree(work, ignore_errors=True)


def _check(project: JarProject, work: Path) -> None:
    """A project that builds something collects its libraries beside it."""
    wanted = project.sums()
    if wanted is None:
        return
    collected = [jar for folder in _LIBRARIES for jar in (work / folder).glob("*.jar")]
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in collected}
    wrong = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if wrong:
        raise EnvironmentNotReady(
            "Maven has brought other jars than those whose sums "
            f"{project.sources / SUMS} keeps: {', '.join(wrong)}.",
            remedy="Delete them in ~/.m2/repository and run it again. If you have changed pom.xml, write the "
            "sums anew as CONTRIBUTING.md says.",
        )


def _is_product(path: Path) -> bool:
    """Of what Maven leaves in target/: an application with its libraries, or a library for others to load."""
    return path.name in ("lib", f"{ENGINE_NAME}.jar") or path.name.endswith(("-runner.jar", "-runtime.jar"))


def _collect(project: JarProject, work: Path) -> Path:
    """The folder that becomes the cache entry: the jars, and single-file Java programs beside them."""
    jars = work / "jars"
    jars.mkdir(exist_ok=True)
    if project.is_build:
        for built in filter(_is_product, sorted((work / "target").iterdir())):
            built.rename(jars / built.name)
    for source in project.sources.glob("*.java"):
        shutil.copy(source, jars)
    if (project.sources / "META-INF").is_dir():
        # Connect finds plugins by such a manifest at once; without one it has to look into every class.
        with zipfile.ZipFile(jars / "plugin-manifest.jar", "w") as manifest:
            for path in (project.sources / "META-INF").rglob("*"):
                manifest.write(path, path.relative_to(project.sources))
    return jars
