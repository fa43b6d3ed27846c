from __future__ import annotations

import asyncio
import json
import math
import operator
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from workers.sandbox import MOST_ANSWER_BYTES, Sandbox, SandboxError, SandboxFault
from workers.sandbox_child import MOST_WHY_CHARS

MEMORY = 256_000_000


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    opened = Sandbox(1, MEMORY)
    yield opened
    await opened.close()


async def failing(sandbox: Sandbox, function: Callable[..., Any], *args: Any, timeout_s: float = 20) -> SandboxError:
    with pytest.raises(SandboxError) as caught:
        await sandbox.run(function, *args, timeout_s=timeout_s)
    return caught.value


async def pid_of(sandbox: Sandbox) -> int:
    pid: int = await sandbox.run(os.getpid, timeout_s=20)
    return pid


def wait_for_end(pid: int) -> None:
    """Wait until a process that is no child of ours is gone, ten seconds at most."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([handle], [], [], 10)[0], f"process {pid} still runs"
    finally:
        os.close(handle)


async def test_a_function_runs_in_another_process_which_is_used_again(sandbox: Sandbox) -> None:
    assert await sandbox.run(math.factorial, 20, timeout_s=20) == math.factorial(20)
    first, second = await pid_of(sandbox), await pid_of(sandbox)
    assert first == second != os.getpid()


async def test_a_call_that_takes_too_long_is_killed_and_the_next_one_runs(sandbox: Sandbox) -> None:
    pid = await pid_of(sandbox)
    began = time.monotonic()
    error = await failing(sandbox, time.sleep, 60, timeout_s=0.2)
    assert (error.fault, error.why) == (SandboxFault.TIMEOUT, "took longer than 0.2 s")
    assert time.monotonic() - began < 5
    wait_for_end(pid)
    assert await pid_of(sandbox) != pid


async def test_a_call_that_never_returns_to_python_is_killed_too(sandbox: Sandbox) -> None:
    error = await failing(sandbox, sum, range(10**12), timeout_s=0.2)
    assert error.fault is SandboxFault.TIMEOUT


async def test_the_loop_goes_on_while_a_child_works(sandbox: Sandbox) -> None:
    working = asyncio.create_task(sandbox.run(time.sleep, 0.5, timeout_s=20))
    turns = 0
    while not working.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert turns > 10


async def test_a_call_that_takes_too_much_memory_is_told_and_the_next_one_runs(sandbox: Sandbox) -> None:
    error = await failing(sandbox, operator.mul, b"x", 10**9)
    assert error.fault is SandboxFault.MEMORY
    assert await sandbox.run(operator.add, 1, 2, timeout_s=20) == 3


@pytest.mark.parametrize(
    ("function", "args", "words"),
    [
        (os._exit, (3,), "exit code 3"),
        (os.abort, (), "SIGABRT"),
        (signal.raise_signal, (signal.SIGSEGV,), "SIGSEGV"),
        (signal.raise_signal, (signal.SIGKILL,), "SIGKILL"),
    ],
)
async def test_a_crash_is_told_and_the_next_call_runs(
    sandbox: Sandbox, function: Callable[..., Any], args: tuple[Any, ...], words: str
) -> None:
    error = await failing(sandbox, function, *args)
    assert error.fault is SandboxFault.CRASHED
    assert words in error.why
    assert await sandbox.run(operator.add, 1, 2, timeout_s=20) == 3


async def test_what_the_function_raises_is_told_on_one_bounded_line(sandbox: Sandbox) -> None:
    error = await failing(sandbox, json.loads, "\x1b[31m\n" + "{" * 9_000)
    assert error.fault is SandboxFault.RAISED
    assert error.why.startswith("JSONDecodeError")
    error = await failing(sandbox, int, "\x1b[31m\n" * 99)
    assert error.why.isprintable()
    assert len(error.why) <= MOST_WHY_CHARS


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object])
async def test_a_result_that_is_no_json_is_an_error(sandbox: Sandbox, value: object) -> None:
    error = await failing(sandbox, operator.itemgetter, 0)
    assert error.fault is SandboxFault.RAISED
    assert (await failing(sandbox, operator.getitem, [value], 0)).fault is SandboxFault.RAISED


async def test_a_result_that_is_too_large_is_an_error(sandbox: Sandbox) -> None:
    error = await failing(sandbox, operator.mul, "x", MOST_ANSWER_BYTES)
    assert error.fault is SandboxFault.RAISED
    assert str(MOST_ANSWER_BYTES) in error.why


async def test_what_a_library_prints_is_not_taken_for_an_answer(sandbox: Sandbox) -> None:
    assert await sandbox.run(print, '{"value": 1}', timeout_s=20) is None
    assert await sandbox.run(os.write, 1, b"\0\0\0\1x", timeout_s=20) == 5
    assert await sandbox.run(operator.add, 1, 2, timeout_s=20) == 3


async def test_a_child_that_forges_its_answers_is_put_away(sandbox: Sandbox) -> None:
    pid = await pid_of(sandbox)
    (answers,) = [
        number for number in range(3, 20) if await sandbox.run(os.path.exists, f"/proc/self/fd/{number}", timeout_s=20)
    ][:1]
    for forged in (b"\0\0\0\2[]", b"\0\0\0\1x", b"\xff\xff\xff\xff", b"\0\0\0\2{}", b'\0\0\0\x0b{"fault":1}'):
        error = await failing(sandbox, os.write, answers, forged)
        assert error.fault is SandboxFault.CRASHED
    wait_for_end(pid)


async def test_a_child_that_was_killed_while_idle_is_replaced(sandbox: Sandbox) -> None:
    pid = await pid_of(sandbox)
    os.kill(pid, signal.SIGKILL)
    wait_for_end(pid)
    assert await pid_of(sandbox) != pid


async def test_a_child_ignores_the_signals_that_stop_its_parent(sandbox: Sandbox) -> None:
    pid = await pid_of(sandbox)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, number)
    assert await pid_of(sandbox) == pid


async def test_a_child_knows_no_secret_and_writes_no_file(sandbox: Sandbox, tmp_path: Path) -> None:
    os.environ["TRUCEWATCH_TEST_SECRET"] = "word"
    try:
        assert await sandbox.run(os.getenv, "TRUCEWATCH_TEST_SECRET", timeout_s=20) is None
    finally:
        del os.environ["TRUCEWATCH_TEST_SECRET"]
    opened = await sandbox.run(os.open, str(tmp_path / "x"), os.O_CREAT | os.O_WRONLY, timeout_s=20)
    await failing(sandbox, os.write, opened, b"x")
    assert (tmp_path / "x").read_bytes() == b""


async def test_calls_run_side_by_side_up_to_the_number_of_processes() -> None:
    sandbox = Sandbox(2, MEMORY)
    try:
        pids = await asyncio.gather(*(sandbox.run(os.getpid, timeout_s=20) for _ in range(6)))
        assert 1 <= len(set(pids)) <= 2
        naps = [sandbox.run(time.sleep, 0.3, timeout_s=20) for _ in range(2)]
        await asyncio.gather(*naps)
        assert len(set(await asyncio.gather(*(sandbox.run(os.getpid, timeout_s=20) for _ in range(2))))) <= 2
    finally:
        await sandbox.close()


async def test_a_cancelled_call_takes_its_child_along(sandbox: Sandbox) -> None:
    pid = await pid_of(sandbox)
    working = asyncio.create_task(sandbox.run(time.sleep, 60, timeout_s=120))
    await asyncio.sleep(0)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    wait_for_end(pid)
    assert await pid_of(sandbox) != pid


async def test_closing_ends_every_child() -> None:
    sandbox = Sandbox(2, MEMORY)
    pid = await pid_of(sandbox)
    await sandbox.close()
    wait_for_end(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's tie to the parent is Linux's")
def test_a_child_in_the_middle_of_a_call_dies_with_its_killed_parent(tmp_path: Path) -> None:
    program = (
        "import asyncio, os, sys, time\n"
        "from workers.sandbox import Sandbox\n"
        "async def main():\n"
        "    sandbox = Sandbox(1, 256_000_000)\n"
        "    print(await sandbox.run(os.getpid, timeout_s=20), flush=True)\n"
        "    await sandbox.run(time.sleep, 600, timeout_s=600)\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[2]
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=root)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait(timeout=10)
    wait_for_end(pid)


def test_children_start_from_any_folder_without_the_parents_environment(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from workers.sandbox import Sandbox\n"
        "from service.entries import content_hash\n"
        "from workers.addresses import literal\n"
        "async def main():\n"
        "    sandbox = Sandbox(1, 512_000_000)\n"
        "    print(await sandbox.run(literal, 'name', timeout_s=20))\n"
        "    await sandbox.close()\n"
        "asyncio.run(main())\n"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, root], cwd=tmp_path, env={}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "None"
