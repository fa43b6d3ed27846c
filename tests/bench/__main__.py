"""Run the parts of the benchmark one after another: `python -m tests.bench [PART …] [--eval FOLDER] [--feeds FOLDER]`.

Shows what each part prints as it goes, then all figures in one view. The last line is one flat JSON object of all of
them. The exit code is 1 when a part fails. How a part is made and added: `tests/bench/parts.py`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.columns import Columns
from rich.console import Console
from rich.table import Table

from tests.bench.parts import PARTS, Part

WIDTH = 140  # where the output is no terminal
REPOSITORY = Path(__file__).resolve().parents[2]
Figures = dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Run the parts that are named, all of them when none is; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(part.name for part in PARTS))
    parser.add_argument("--eval", type=Path, default=Path("../shared/eval"), help="the annotated articles")
    parser.add_argument("--feeds", type=Path, default=Path("../shared/feeds"), help="recorded feeds")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - {part.name for part in PARTS}:
        parser.error(f"no part is called {', '.join(sorted(unknown))}")
    found: dict[str, Figures] = {}
    failed = []
    for part in PARTS:
        if options.parts and part.name not in options.parts:
            continue
        folder = getattr(options, part.data).resolve() if part.data else None
        if folder and not folder.is_dir():
            sys.stdout.write(f"--- {part.name}: left out, since there is no folder {folder.name} to measure on\n")
            continue
        code, found[part.name] = run(part, [str(folder)] if folder else [])
        failed += [part.name] if code else []
    show(found, failed)
    sys.stdout.write(json.dumps(merged(found) | {"failed_parts": " ".join(failed)}) + "\n")
    return 1 if failed else 0


def run(part: Part, arguments: Sequence[str]) -> tuple[int, Figures]:
    """Run one part in a process of its own and pass on what it prints; its exit code and its figures."""
    sys.stdout.write(f"--- {part.name}\n")
    sys.stdout.flush()
    began, last = time.monotonic(), ""
    command = [sys.executable, "-m", f"tests.bench.{part.module}", *arguments]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        for line in process.stdout or ():
            sys.stdout.write(last)
            sys.stdout.flush()
            last = line
    try:
        figures = json.loads(last)
    except ValueError:
        sys.stdout.write(last)
        figures = {}
    if not isinstance(figures, dict) or not figures:
        return process.returncode or 1, {}
    return process.returncode, figures | {"took_s": round(time.monotonic() - began, 1)}


def merged(found: Mapping[str, Figures]) -> Figures:
    """All figures in one flat object, each named after its part."""
    return {f"{part}_{name}": value for part, figures in found.items() for name, value in figures.items()}


def show(found: Mapping[str, Figures], failed: Sequence[str]) -> None:
    """Print the figures of the parts side by side."""
    console = Console()
    console = console if console.is_terminal else Console(width=WIDTH)
    tables = []
    for part, figures in found.items():
        table = Table("figure", "value", title=f"{part}{' (failed)' if part in failed else ''}")
        for name, value in figures.items():
            table.add_row(name, f"{value:,}" if isinstance(value, int | float) else str(value))
        tables.append(table)
    console.print(Columns(tables))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
