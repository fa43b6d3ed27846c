"""The image: its base made where none can be fetched, built by the Dockerfile, and looked at."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from tests.deploy.verify.engine import Engine, volume
from tests.deploy.verify.outcome import NotRunError, Record, WrongError, expect
from tests.deploy.verify.shell import ROOT, must, needed, run

BASE = "docker.io/library/python:3.11-slim"
REDIS = "docker.io/library/redis:7-alpine"
IMAGE = "localhost/trucewatch:latest"
SYSTEMD = "localhost/trucewatch-systemd:latest"
MOST_MB = 650
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_REDIS = f"""FROM {BASE}
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends redis-server redis-tools \\
 && usermod -u 999 redis && groupmod -g 1000 redis && install -d -o 999 -g 1000 /data
VOLUME /data
"""
_SYSTEMD = f"""FROM {IMAGE}
USER 0:0
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends systemd systemd-sysv dbus \\
 && userdel trucewatch && ln -s /app /opt/trucewatch
HEALTHCHECK NONE
ENTRYPOINT ["/sbin/init"]
CMD []
"""


def verify_image(record: Record, engine: Engine, *, reuse: bool = False) -> bool:
    """Build it, unless the one that is there is to be used, and look at it; tells whether there is one to run."""
    if reuse and engine.has_image(IMAGE):
        return True
    if not record.check("a base image is there, or made from Debian's packages", lambda: _base(engine)):
        return False
    if not record.check("the image is built by the Dockerfile, everything by hash", lambda: _build(engine)):
        return False
    record.check(f"it has less than {MOST_MB} MB", lambda: _size(record, engine))
    record.check("user, health check, labels and entry point are as they must be", lambda: _config(engine))
    record.check("it has no compiler and nothing that installs", lambda: _tools(engine))
    record.check("it lists what it has, as CycloneDX", lambda: _bill(engine))
    return True


def make_helpers(record: Record, engine: Engine) -> tuple[bool, bool]:
    """Make the images of a Redis and of a machine with systemd; tells which there are."""
    return (
        record.check(
            "an image of Redis is there, or made from Debian's packages", lambda: _helper(engine, REDIS, _REDIS)
        ),
        record.check(
            "an image with systemd is made from Debian's packages", lambda: _helper(engine, SYSTEMD, _SYSTEMD)
        ),
    )


def _base(engine: Engine) -> str:
    if engine.has_image(BASE):
        return "there"
    if run(["buildah", *engine.place, "pull", "--quiet", BASE], env=engine.env, limit_s=120).code == 0:
        return "fetched"
    needed("debootstrap")
    mirror = must(["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"]).splitlines()[0]
    root = engine.folder / "base"
    packages = "python3,python3-venv,python-is-python3,ca-certificates"
    must(["debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", root, mirror])
    for spare in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale"):
        for path in (root / spare).glob("*"):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    must(["tar", "-C", root, "-cf", engine.folder / "base.tar", "."])
    shutil.rmtree(root)
    (engine.folder / "Base").write_text('FROM scratch\nADD base.tar /\nCMD ["python3"]\n', encoding="utf-8")
    engine.buildah("bud", "-t", BASE, "-f", engine.folder / "Base", engine.folder)
    (engine.folder / "base.tar").unlink()
    return "made by debootstrap, tagged with the official name"


def _build(engine: Engine) -> str:
    """Build what is committed, so that nothing that only lies about comes in."""
    source = engine.folder / "source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir()
    packed = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(source)], input=packed, check=True)
    config = engine.folder / "pip.conf"
    config.write_text("[global]\ncert = /run/authorities.pem\n", encoding="utf-8")
    revision = must(["git", "rev-parse", "--short", "HEAD"])
    engine.buildah(
        "bud", "--format", "docker", "--pull-never", "--secret", f"id=pip.conf,src={config}",
        *volume(_AUTHORITIES, "/run/authorities.pem"), "--build-arg", f"REVISION={revision}",
        "--build-arg", f"PYTHON_IMAGE={BASE}", "-t", IMAGE, "-f", source / "Dockerfile", source,
    )  # fmt: skip
    shutil.rmtree(source)
    return f"of {revision}"


def _helper(engine: Engine, name: str, text: str) -> str:
    if engine.has_image(name) and name == REDIS:
        return "there"
    file = engine.folder / "Helper"
    file.write_text(text, encoding="utf-8")
    try:
        engine.buildah("bud", "--format", "docker", "--pull-never", "-t", name, "-f", file, engine.folder)
    except WrongError as error:
        raise NotRunError(f"could not be made: {error}") from error
    return ""


def _inspected(engine: Engine) -> dict[str, object]:
    return json.loads(engine.podman("image", "inspect", IMAGE))[0]  # type: ignore[no-any-return]


def _size(record: Record, engine: Engine) -> str:
    size_mb = round(int(str(_inspected(engine)["Size"])) / 1e6)
    record.figures["image_mb"] = size_mb
    expect(size_mb < MOST_MB, f"it has {size_mb} MB")
    return f"{size_mb} MB uncompressed"


def _config(engine: Engine) -> str:
    inspected = _inspected(engine)
    found = json.loads(json.dumps(inspected["Config"]))
    expect(found["User"] == "10001:10001", f"user is {found['User']}")
    expect(found["Entrypoint"] == ["trucewatch"], f"entry point is {found['Entrypoint']}")
    health = json.dumps(inspected.get("Healthcheck") or inspected.get("HealthCheck"))
    expect('"Test": ["CMD", "trucewatch", "health"]' in health, f"health check is {health}")
    labels = {name.rpartition(".")[2] for name in found["Labels"] if name.startswith("org.opencontainers.image.")}
    missing = {"title", "description", "licenses", "version", "revision", "created"} - labels
    expect(not missing, f"labels are missing: {sorted(missing)}")
    return ""


def _tools(engine: Engine) -> str:
    search = (
        "for name in gcc cc g++ clang make ld pip uv; do command -v $name; ls /app/bin/$name 2>/dev/null; done; true"
    )
    found = engine.podman("run", "--rm", "--network", "none", "--entrypoint", "sh", IMAGE, "-c", search)
    expect(not found, f"it has {found.split()}")
    return ""


def _bill(engine: Engine) -> str:
    shown = engine.podman("run", "--rm", "--network", "none", "--entrypoint", "cat", IMAGE, "/app/sbom.cdx.json")
    bill = json.loads(shown)
    listed = {part["name"]: part["version"] for part in bill["components"]}
    program = "from importlib.metadata import distributions as d; print(*(f'{i.name}=={i.version}' for i in d()))"
    words = ["run", "--rm", "--network", "none", "--entrypoint", "/app/bin/python", IMAGE, "-c", program]
    there = {
        part.partition("==")[0].lower().replace("_", "-").replace(".", "-") for part in engine.podman(*words).split()
    }
    expect(bill["specVersion"] == "1.5" and there - {"trucewatch"} == set(listed), f"differs: {there ^ set(listed)}")
    unpinned = [part["name"] for part in bill["components"] if not part["properties"]]
    expect(not unpinned, f"without a hash in the lock: {unpinned}")
    return f"{len(listed)} packages"
