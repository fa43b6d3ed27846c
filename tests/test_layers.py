"""The house as it is drawn: imports run one way, rooms keep to themselves, nothing happens at import time.

service -> workers -> config; inside workers the rooms below; only the storage room speaks Redis; only the runtime
files and the entrances see the settings.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("config", "seeds", "service", "workers")
BELOW = {"config": {"config"}, "seeds": {"seeds"}, "workers": {"workers", "config"}, "service": set(PACKAGES)}

# Which rooms of workers a room may enter besides itself. Modules that are not listed wire rooms together.
ROOMS = {
    "domain": set[str](),
    "reading": {"domain"},
    "storage": {"domain"},
    "outbound": {"domain"},
    "sandbox": {"domain"},
    "fulltext": {"domain", "outbound", "sandbox"},
    "delivery": {"domain", "outbound", "sandbox", "storage"},  # storage: a lane is drained from the outbox
}
ROOM_OF_MODULE = {
    **dict.fromkeys(("addresses", "bodies", "connections", "robots"), "outbound"),
    "sandbox_child": "sandbox",
}

# The entrances load the settings and hand them to the runtime files, which read them.
SEES_SETTINGS = (
    "config/*",
    "*/runtime.py",
    "service/cli*.py",
    "service/daemon.py",
    "service/checks.py",
    "service/access.py",
    "workers/__main__.py",
)
SEES_ENVIRONMENT = (
    "*/runtime.py",
    "service/cli*.py",
    "service/demo*.py",
    "service/entry.py",
    "workers/__main__.py",
    "workers/sandbox*.py",
)
SPEAKS_REDIS = ("workers/storage/*", "workers/queues.py", "workers/queue_facts.py")
# The language model is a package that the operator names; a sandboxed process is told what to run; what judges
# languages is loaded at the first text, since most processes never see one; a probe does not load the command line.
IMPORTS_BY_NAME = ("service/entry.py", "workers/language.py", "workers/runtime.py", "workers/sandbox_child.py")
# Tens of megabytes and a second each: only who reads articles pays for them, when the first is read.
LOADED_WHEN_USED = ("spacy", "py3langid", "numpy", "trafilatura")
DECLARES_COMMANDS = ("service/cli*.py",)  # Typer's commands are put together as the module is read

CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
UNFIT_FOR_DOMAIN = {"asyncio", "logging", "os", "random", "secrets", "socket", "subprocess", "threading", "time"}
QUIET_STATEMENTS = (
    ast.Import,
    ast.ImportFrom,
    ast.Assign,
    ast.AnnAssign,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
)

FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TREES = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def module_of(path: str) -> str:
    """`workers/domain/__init__.py` is workers.domain."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


MODULES = {module_of(path): path for path in TREES}


def imports_of(path: str) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, wherever the import stands, with its line; `from package import module` too."""
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield (inner if inner in MODULES else str(node.module)), node.lineno


def is_one_of(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(path, pattern) for pattern in patterns)


def room_of(module: str) -> str | None:
    """The room of a module of workers, None for wiring and for other packages."""
    parts = module.split(".")
    if parts[0] != "workers" or len(parts) == 1:
        return None
    room = ROOM_OF_MODULE.get(parts[1], parts[1])
    return room if room in ROOMS else None


def test_every_file_is_seen() -> None:
    assert {"config/settings.py", "service/cli.py", "workers/domain/position.py"} <= set(TREES)


def test_imports_run_one_way() -> None:
    wrong = [
        f"{path}:{line}: {module}"
        for path in TREES
        for module, line in imports_of(path)
        if (top := module.split(".")[0]) in PACKAGES and top not in BELOW[path.split("/")[0]]
    ]
    assert not wrong


def test_nothing_imports_the_tests() -> None:
    wrong = [f"{path}:{line}" for path in TREES for module, line in imports_of(path) if module.split(".")[0] == "tests"]
    assert not wrong


def test_rooms_keep_to_themselves() -> None:
    wrong = []
    for path in TREES:
        room = room_of(module_of(path))
        if room is None:
            continue
        for module, line in imports_of(path):
            if module.split(".")[0] in {"workers", "config"} and room_of(module) not in ROOMS[room] | {room}:
                wrong.append(f"{path}:{line}: {room} may not enter {module}")
    assert not wrong


def test_the_domain_is_pure() -> None:
    wrong = []
    for path in TREES:
        if not path.startswith("workers/domain/"):
            continue
        for module, line in imports_of(path):
            top = module.split(".")[0]
            if module == "random" and imported_names(path, "random") == {"Random"}:
                continue  # with a seed it is a fixed table of numbers
            if not module.startswith("workers.domain") and (
                top not in sys.stdlib_module_names or top in UNFIT_FOR_DOMAIN
            ):
                wrong.append(f"{path}:{line}: {module}")
    assert not wrong


@pytest.mark.parametrize("room", ["domain", "reading"])
def test_time_is_a_parameter(room: str) -> None:
    wrong = [
        f"{path}:{node.lineno}: {node.attr}"
        for path, tree in TREES.items()
        if path.startswith(f"workers/{room}/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in CLOCKS
    ]
    assert not wrong


def test_there_are_no_circles() -> None:
    graph = {name: {found for found, _ in imports_of(path) if found in MODULES} for name, path in MODULES.items()}
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " -> ".join((*way[way.index(module) :], module))
        if module not in done:
            for imported in graph[module] - {module}:
                visit(imported, (*way, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def test_no_import_stands_inside_a_function_or_class() -> None:
    wrong = {
        f"{path}:{inner.lineno}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda))
        for inner in ast.walk(node)
        if isinstance(inner, (ast.Import, ast.ImportFrom))
    }
    assert not wrong


def test_nothing_else_is_imported_by_name() -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path, tree in TREES.items()
        if not is_one_of(path, IMPORTS_BY_NAME)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr == "import_module")
        or (isinstance(node, ast.Name) and node.id in {"__import__", "import_module"})
    ]
    assert not wrong


def test_no_entrance_loads_what_only_a_reader_of_articles_needs() -> None:
    loads = f"import sys, service.cli, workers.__main__; print(*sorted(sys.modules.keys() & set({LOADED_WHEN_USED})))"
    loaded = subprocess.run([sys.executable, "-c", loads], cwd=ROOT, check=True, capture_output=True, text=True)
    assert loaded.stdout.split() == []


def test_nothing_happens_at_import_time() -> None:
    wrong = [
        f"{path}:{statement.lineno}"
        for path, tree in TREES.items()
        if not is_one_of(path, DECLARES_COMMANDS)
        for statement in tree.body
        if not (isinstance(statement, QUIET_STATEMENTS) or is_docstring(statement) or is_main_guard(statement))
    ]
    assert not wrong


def test_package_files_hold_a_docstring_only() -> None:
    for path, tree in TREES.items():
        if path.endswith("__init__.py"):
            assert len(tree.body) == 1, path
            assert ast.get_docstring(tree), path


def test_every_module_says_what_it_is_for() -> None:
    assert [path for path, tree in TREES.items() if not ast.get_docstring(tree)] == []


def test_only_runtime_files_and_entrances_see_the_settings() -> None:
    wrong = [
        f"{path}:{line}"
        for path in TREES
        if not is_one_of(path, SEES_SETTINGS)
        for module, line in imports_of(path)
        if module in {"config.settings", "config.setting_docs"}
    ]
    assert not wrong


def test_only_runtime_files_and_entrances_see_the_environment() -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path, tree in TREES.items()
        if not is_one_of(path, SEES_ENVIRONMENT)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"} and is_name(node.value, "os")
    ]
    assert not wrong


def test_only_the_storage_room_speaks_redis() -> None:
    """Others may catch its errors; RQ has its own connection in queues."""
    wrong = []
    for path, tree in TREES.items():
        if is_one_of(path, SPEAKS_REDIS):
            continue
        wrong += [
            f"{path}:{line}: {name}"
            for name, line in imports_of(path)
            if name.split(".")[0] == "rq" or name.startswith("redis.")
        ]
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and is_name(node.value, "redis") and not node.attr.endswith("Error"):
                wrong.append(f"{path}:{node.lineno}: redis.{node.attr}")
    assert not wrong


def imported_names(path: str, module: str) -> set[str]:
    nodes = [node for node in ast.walk(TREES[path]) if isinstance(node, ast.ImportFrom) and node.module == module]
    return {alias.name for node in nodes for alias in node.names}


def is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def is_docstring(statement: ast.stmt) -> bool:
    """A string below a constant is its documentation."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def is_main_guard(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and ast.unparse(statement.test) in {"__name__ == '__main__'", "TYPE_CHECKING"}
