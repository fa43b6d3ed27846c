"""The units under a real systemd, in a container: started, watched, stopped in the middle of a job."""

from __future__ import annotations

import time

from tests.deploy.verify.engine import Engine, volume
from tests.deploy.verify.files import DEPLOY
from tests.deploy.verify.image import REDIS, SYSTEMD
from tests.deploy.verify.outcome import NotRunError, Record, expect
from tests.deploy.verify.shell import wait_for
from tests.deploy.verify.town import Town

NETWORK = "trucewatch-units"
MACHINE = "machine"
STORE = "store-of-units"
UNIT = "trucewatch.service"
ROLES = ("trucewatch-poll", "trucewatch-work@articles-1", "trucewatch-work@alerts-1", "trucewatch-web")
WATCHDOG_S = 8


def verify_units(record: Record, engine: Engine) -> None:
    """Start a machine with systemd and the units on it."""
    engine.remove(MACHINE, "town-of-units", STORE)
    engine.tried("network", "rm", "--force", NETWORK)
    engine.podman("network", "create", NETWORK)
    town = Town(engine.folder / "units-town", "town-of-units")
    try:
        town.start(engine, NETWORK)
        if not record.check("a machine with systemd starts", lambda: _boot(engine, town)):
            return
        record.check("trucewatch.service starts, tells systemd when it is ready", lambda: _unit_started(record, engine))
        record.check("it runs as a user of its own without rights", lambda: _dynamic_user(engine))
        record.check("a story goes through the unit to a signed webhook", lambda: _told(engine, town))
        record.check("stopped in the middle of a job it ends well, and nothing is lost", lambda: _stopped(engine, town))
        record.check("systemd ends and restarts one that hangs", lambda: _watched(engine))
        record.check("a wrong setting ends it for good, with the error in the journal", lambda: _wrong_setting(engine))
        handed = record.check("systemd hands over secrets that only root may read", lambda: _credentials(engine))
        record.check("the units of the roles work beside a Redis", lambda: _roles(engine, town, handed=handed))
    finally:
        engine.remove(MACHINE, town.name, STORE)
        engine.tried("network", "rm", "--force", NETWORK)


def _boot(engine: Engine, town: Town) -> str:
    engine.podman(
        "run", "--detach", "--name", MACHINE, "--systemd=always", "--privileged", "--network", NETWORK,
        *volume(DEPLOY / "systemd", "/units"), SYSTEMD,
    )  # fmt: skip
    wait_for(lambda: _asked(engine, "systemctl is-system-running") in {"running", "degraded"}, "the machine", 60)
    lines = "\n".join(f"{name}='{text}'" for name, text in {**town.settings, **town.webhook}.items())
    _on(engine, f"mkdir -p /etc/trucewatch && cat > /etc/trucewatch/trucewatch.env <<'END'\n{lines}\nEND")
    _on(engine, "cp /units/*.service /etc/systemd/system/ && systemctl daemon-reload")
    return _on(engine, "systemctl --version | head -1")


def _unit_started(record: Record, engine: Engine) -> str:
    began = time.monotonic()
    _on(engine, f"systemctl start {UNIT} || journalctl -u {UNIT} -n 20 --no-pager")
    took = time.monotonic() - began
    expect(_asked(engine, f"systemctl is-active {UNIT}") == "active", _journal(engine, UNIT))
    expect('"event": "service_started"' in _journal(engine, UNIT), "it was told to be ready before it was")
    record.figures["systemd_ready_after_s"] = round(took, 1)
    return f"ready after {took:.1f} s"


def _dynamic_user(engine: Engine) -> str:
    pid = _shown(engine, UNIT, "MainPID")
    status = _on(engine, f"cat /proc/{pid}/status")
    facts = {line.partition(":")[0]: line.partition(":")[2].split() for line in status.splitlines()}
    expect(facts["Uid"][0] != "0", "it is root")
    expect(int(facts["CapEff"][0], 16) == 0 and int(facts["CapBnd"][0], 16) == 0, f"capabilities {facts['CapEff']}")
    expect(facts["NoNewPrivs"] == ["1"] and facts["Seccomp"] == ["2"], "it may gain privileges, or call what it likes")
    return f"uid {facts['Uid'][0]}"


def _told(engine: Engine, town: Town) -> str:
    town.publish()
    town.await_alert(engine)
    return ""


def _stopped(engine: Engine, town: Town) -> str:
    town.pace(6)
    number = town.publish()
    wait_for(lambda: town.was_asked(f"/{number}.html"), "the page asked for", 60)
    began = time.monotonic()
    _on(engine, f"systemctl stop {UNIT}")
    took = time.monotonic() - began
    expect(_shown(engine, UNIT, "Result") == "success", _journal(engine, UNIT))
    town.pace(0)
    _on(engine, f"systemctl start {UNIT}")
    town.await_alert(engine)
    return f"the stop took {took:.1f} s"


def _watched(engine: Engine) -> str:
    """Stop its main process by a signal, as if it hung; the watchdog is made shorter for this."""
    conf = f"[Service]\nWatchdogSec={WATCHDOG_S}\nRestartSec=1\n"
    folder = f"/run/systemd/system/{UNIT}.d"
    _on(engine, f"mkdir -p {folder} && printf '{conf}' > {folder}/short.conf && systemctl daemon-reload")
    _on(engine, f"systemctl restart {UNIT}")
    before = _shown(engine, UNIT, "MainPID")
    _on(engine, f"kill -STOP {before}")
    wait_for(lambda: _shown(engine, UNIT, "NRestarts") != "0", "the restart", WATCHDOG_S + 60)
    wait_for(lambda: _asked(engine, f"systemctl is-active {UNIT}") == "active", "the new process", 60)
    expect(_shown(engine, UNIT, "MainPID") != before, "it is the same process")
    _on(engine, f"rm -r {folder} && systemctl daemon-reload")
    return f"watchdog of {WATCHDOG_S} s"


def _wrong_setting(engine: Engine) -> str:
    _on(engine, f"systemctl stop {UNIT}; echo TRUCEWATCH_WEB_PORT=x >> /etc/trucewatch/trucewatch.env")
    _asked(engine, f"systemctl start {UNIT}")
    wait_for(lambda: _asked(engine, f"systemctl is-failed {UNIT}") == "failed", "the failure", 30)
    expect(_shown(engine, UNIT, "NRestarts") == "0", "it was started again")
    expect("TRUCEWATCH_WEB_PORT: 'x' is not right" in _journal(engine, UNIT), _journal(engine, UNIT))
    _on(engine, f"sed -i '/WEB_PORT/d' /etc/trucewatch/trucewatch.env; systemctl reset-failed {UNIT}")
    return ""


def _credentials(engine: Engine) -> str:
    """Some kernels do not enforce what systemd grants here, in containers at least: then no unit can read its own."""
    _on(engine, "umask 077; echo one > /run/trucewatch-secret")
    program = "/bin/sh -c 'cat $CREDENTIALS_DIRECTORY/secret'"
    done = engine.tried(
        "exec", MACHINE, "sh", "-c",
        f"systemd-run --wait --pipe -p DynamicUser=yes -p LoadCredential=secret:/run/trucewatch-secret {program}",
    )  # fmt: skip
    if done.code:
        raise NotRunError(f"systemd's credentials cannot be read by any unit on this kernel: {done.said[-150:]}")
    return ""


def _without_credentials(engine: Engine) -> None:
    """Give the units the address of the store by their file of settings instead."""
    conf = "[Service]\nLoadCredential=\nEnvironment=TRUCEWATCH_REDIS_URL_FILE=\n"
    for name in ("trucewatch-poll", "trucewatch-work@", "trucewatch-web"):
        folder = f"/etc/systemd/system/{name}.service.d"
        _on(engine, f"mkdir -p {folder} && printf '{conf}' > {folder}/plain.conf")
    _on(engine, "echo TRUCEWATCH_REDIS_URL=$(cat /etc/trucewatch/redis_url) >> /etc/trucewatch/trucewatch.env")
    _on(engine, "systemctl daemon-reload")


def _roles(engine: Engine, town: Town, *, handed: bool) -> str:
    durable = ["--appendonly", "yes", "--appendfsync", "always", "--requirepass", "right"]
    engine.podman("run", "--detach", "--name", STORE, "--network", NETWORK, REDIS, "redis-server", *durable)
    _on(engine, f"umask 077; printf redis://:right@{STORE}:6379/0 > /etc/trucewatch/redis_url")
    if not handed:
        _without_credentials(engine)
    names = " ".join(ROLES)
    _on(engine, f"systemctl start {names} || journalctl -n 40 --no-pager")
    active = _asked(engine, f"systemctl is-active {names}").split()
    expect(
        active == ["active"] * len(ROLES), _asked(engine, "journalctl -n 30 --no-pager -u 'trucewatch-*' | cut -c1-300")
    )
    number = town.publish()  # the store is a new one: what stands in the feed already is told by it too
    told = f"invented, number {number})"
    wait_for(lambda: any(told in alert["body"] for alert in town.alerts()), "the alert", 90)
    _on(engine, f"systemctl stop {names}")
    results = [_shown(engine, name, "Result") for name in ROLES]
    expect(results == ["success"] * len(ROLES), f"ends: {results}")
    return f"{len(ROLES)} units" + ("" if handed else ", with the address in their file of settings")


def _on(engine: Engine, script: str) -> str:
    return engine.podman("exec", MACHINE, "sh", "-c", script)


def _asked(engine: Engine, script: str) -> str:
    return engine.tried("exec", MACHINE, "sh", "-c", script).said


def _shown(engine: Engine, unit: str, name: str) -> str:
    return _on(engine, f"systemctl show {unit} --property={name} --value")


def _journal(engine: Engine, unit: str) -> str:
    return _asked(engine, f"journalctl -u {unit} -n 40 --no-pager")
