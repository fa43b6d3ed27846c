"""Containers on a machine that has no engine of its own: buildah and podman with runc, in a store of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.verify.outcome import NotRunError
from tests.deploy.verify.shell import Done, must, needed, run, wait_for

# Explicit limits: podman's own default asks for more than a container in a machine of containers may have.
_CONF = """\
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
"""


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine whose images, containers and networks all lie in `folder`."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Engine:
        """Make the folder ready. Raises NotRunError where something is missing."""
        if os.geteuid():
            raise NotRunError("needs root")
        needed("buildah", "podman", "runc")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "containers.conf").write_text(_CONF, encoding="utf-8")
        return cls(folder)

    @property
    def env(self) -> dict[str, str]:
        """What makes the programs read our configuration."""
        return {"CONTAINERS_CONF": str(self.folder / "containers.conf"), "BUILDAH_ISOLATION": "chroot"}

    @property
    def place(self) -> list[str]:
        """The options that name the store."""
        driver = "overlay" if Path("/sys/module/overlay").exists() or _knows_overlay() else "vfs"
        return ["--root", f"{self.folder}/store", "--runroot", f"{self.folder}/run", "--storage-driver", driver]

    def buildah(self, *words: str | Path) -> str:
        """Run buildah, which must succeed."""
        return must(["buildah", *self.place, *words], env=self.env)

    def podman(self, *words: str | Path, limit_s: float = 300) -> str:
        """Run podman, which must succeed; its complaints about journals that are not there are left out."""
        said = must(["podman", *self.place, *words], env=self.env, limit_s=limit_s)
        return "\n".join(line for line in said.splitlines() if not _is_noise(line))

    def tried(self, *words: str | Path, limit_s: float = 300) -> Done:
        """Run podman, whatever it returns."""
        done = run(["podman", *self.place, *words], env=self.env, limit_s=limit_s)
        return Done(done.code, "\n".join(line for line in done.said.splitlines() if not _is_noise(line)))

    def has_image(self, name: str) -> bool:
        """Tell whether the store has an image."""
        return run(["buildah", *self.place, "inspect", "--type", "image", name], env=self.env).code == 0

    def log(self, container: str) -> str:
        """What a container has said so far."""
        return self.tried("logs", container).said

    def state(self, container: str) -> dict[str, object]:
        """How a container is: Status, ExitCode, …"""
        found = json.loads(self.podman("inspect", container))[0]
        return {**found["State"], "RestartCount": found.get("RestartCount", 0)}

    def remove(self, *containers: str) -> None:
        """End containers and forget them."""
        self.tried("rm", "--force", "--volumes", "--time", "0", *containers)

    @contextmanager
    def api(self) -> Iterator[str]:
        """Podman's API socket, for what speaks to docker; yields its address."""
        socket = self.folder / "api.sock"
        command = ["podman", *self.place, "system", "service", "--time", "0", f"unix://{socket}"]
        with (self.folder / "api.log").open("wb") as log:
            process = subprocess.Popen(command, env={**os.environ, **self.env}, stdout=log, stderr=log)
        try:
            wait_for(socket.exists, "podman's API socket", 30)
            yield f"unix://{socket}"
        finally:
            process.terminate()
            process.wait(timeout=30)

    def clear(self) -> None:
        """Remove containers, images and everything else of this engine."""
        if not (self.folder / "store").exists():
            return
        self.tried("rm", "--all", "--force", "--volumes", "--time", "0")
        self.tried("network", "prune", "--force")
        run(["podman", *self.place, "system", "reset", "--force"], env=self.env)
        shutil.rmtree(self.folder, ignore_errors=True)


def _knows_overlay() -> bool:
    return "overlay" in Path("/proc/filesystems").read_text(encoding="utf-8")


def _is_noise(line: str) -> bool:
    return any(words in line for words in ("connect to syslog", "/run/systemd/private", "StopSignal SIG"))


def volume(source: Path | str, target: str, *, writable: bool = False) -> Sequence[str]:
    """The options that put a folder or a file into a container."""
    return ["--volume", f"{source}:{target}{'' if writable else ':ro'}"]
