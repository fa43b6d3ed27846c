"""The image run as it is deployed: a story goes through, a stop in the middle loses nothing, bad input is named."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.deploy.verify.engine import Engine, volume
from tests.deploy.verify.image import IMAGE, REDIS
from tests.deploy.verify.outcome import NotRunError, Record, expect
from tests.deploy.verify.shell import wait_for
from tests.deploy.verify.town import Town

NETWORK = "trucewatch-verify"
SERVICE = "service"
VOLUME = "service-data"
CONTAINERS = (SERVICE, "town", "wrong", "redis-verify")
CONFINED = (
    "--read-only", "--read-only-tmpfs=false", "--tmpfs", "/tmp:mode=1777,size=256m", "--cap-drop", "all",
    "--security-opt", "no-new-privileges", "--memory", "1500m", "--pids-limit", "256",
)  # fmt: skip
LOOKED_S = 25.0
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
PAGE_S = 6.0  # so long a page takes whose reading is to be interrupted


def verify_scenes(record: Record, engine: Engine, *, redis: bool) -> None:
    """Run the image by podman and runc."""
    engine.tried("network", "rm", "--force", NETWORK)
    engine.remove(*CONTAINERS)
    engine.tried("volume", "rm", "--force", VOLUME)
    engine.podman("network", "create", NETWORK)
    town = Town(engine.folder / "town")
    try:
        town.start(engine, NETWORK)
        _live(record, engine, town)
        _bad_input(record, engine)
        if redis:
            _with_redis(record, engine)
        else:
            record.skip("a wrong password of the store is named, and ends the start", "there is no image of Redis")
    finally:
        engine.remove(*CONTAINERS)
        engine.tried("volume", "rm", "--force", VOLUME)
        engine.tried("network", "rm", "--force", NETWORK)


def _live(record: Record, engine: Engine, town: Town) -> None:
    settings = {**town.settings, **town.webhook, "TRUCEWATCH_STOP_GRACE_S": "60"}
    started = record.check(
        "read-only, without capabilities, with a memory limit: it starts and is healthy",
        lambda: _started(record, engine, settings),
    )
    if not started:
        return
    record.check("a story goes through it to a signed webhook", lambda: _told(engine, town))
    record.check(
        "stopped in the middle of a job it ends that job, and nothing is lost", lambda: _stopped(record, engine, town)
    )
    record.check("killed in the middle of a job, nothing is lost and nothing told twice", lambda: _killed(engine, town))
    record.check("a probe takes next to nothing", lambda: _probed(record, engine))
    record.check("it keeps within its memory", lambda: _memory(record, engine))


def _started(record: Record, engine: Engine, settings: Mapping[str, str]) -> str:
    began = time.monotonic()
    words = ["--name", SERVICE, "--network", NETWORK, "--volume", f"{VOLUME}:/data", *CONFINED]
    engine.podman("run", "--detach", *words, *_environment(settings), IMAGE, "run")
    wait_for(
        lambda: engine.tried("healthcheck", "run", SERVICE).code == 0, f"health; {engine.log(SERVICE)[-1000:]}", 90
    )
    record.figures["healthy_after_s"] = round(time.monotonic() - began, 1)
    return f"healthy after {record.figures['healthy_after_s']} s"


def _told(engine: Engine, town: Town) -> str:
    town.publish()
    began = time.monotonic()
    town.await_alert(engine, SERVICE)
    return f"{time.monotonic() - began:.1f} s from the feed to the webhook"


def _stopped(record: Record, engine: Engine, town: Town) -> str:
    _publish_and_wait_for_page(town)
    began = time.monotonic()
    engine.podman("stop", "--time", "90", SERVICE)
    took = time.monotonic() - began
    record.figures["stop_in_a_job_s"] = round(took, 1)
    expect(engine.state(SERVICE)["ExitCode"] == 0, f"ended with {engine.state(SERVICE)}")
    expect(
        '"outcome": "read"' in engine.log(SERVICE).splitlines()[-8:].__str__() or town.alerts(), "the job was not ended"
    )
    town.pace(0)
    engine.podman("start", SERVICE)
    town.await_alert(engine, SERVICE)
    return f"the stop took {took:.1f} s of at most 90"


def _killed(engine: Engine, town: Town) -> str:
    _publish_and_wait_for_page(town)
    engine.podman("kill", "--signal", "KILL", SERVICE)
    wait_for(lambda: engine.state(SERVICE)["Status"] == "exited", "the end")
    town.pace(0)
    engine.podman("start", SERVICE)
    town.await_alert(engine, SERVICE)
    return ""


def _publish_and_wait_for_page(town: Town) -> None:
    town.pace(PAGE_S)
    number = town.publish()
    wait_for(lambda: town.was_asked(f"/{number}.html"), "the page asked for", 60)


def _probed(record: Record, engine: Engine) -> str:
    shown = engine.podman(
        "exec", SERVICE, "sh", "-c", "for n in 1 2 3 4 5; do trucewatch health --alive; done; cat /proc/$$/stat"
    )
    fields = shown.splitlines()[-1].rpartition(")")[2].split()
    cpu_s = (int(fields[13]) + int(fields[14])) / 100 / 5  # cutime, cstime in ticks of 10 ms: proc(5)
    record.figures["probe_cpu_s"] = cpu_s
    expect(cpu_s < 0.3, f"{cpu_s} s of CPU")
    return f"{cpu_s:.2f} s of CPU"


def _memory(record: Record, engine: Engine) -> str:
    shown = engine.podman("exec", SERVICE, "sh", "-c", "grep -h ^Pss: /proc/[0-9]*/smaps_rollup 2>/dev/null")
    used_mb = round(sum(int(line.split()[1]) for line in shown.splitlines()) / 1000)
    record.figures["memory_mb"] = used_mb
    expect(used_mb < 1200, f"{used_mb} MB")
    return f"{used_mb} MB of processes (proportional), the language model in them"


def _bad_input(record: Record, engine: Engine) -> None:
    wrong, said = {"TRUCEWATCH_WEB_PORT": "x"}, ["TRUCEWATCH_WEB_PORT: 'x' is not right"]
    record.check("a wrong setting is named and ends the start with 2", lambda: _refused(engine, wrong, said))
    record.check("a wrong setting makes no storm of restarts", lambda: _no_storm(record, engine))
    record.check("a volume that is not writable is named", lambda: _unwritable(engine))
    nowhere = {"TRUCEWATCH_WEB_TOKEN_FILE": "/run/secrets/none"}
    words = ["TRUCEWATCH_WEB_TOKEN_FILE: '/run/secrets/none'", "No such file"]
    record.check("a secret file that is missing is named", lambda: _refused(engine, nowhere, words))
    record.check("a secret file that every user may read is warned about", lambda: _exposed(engine))


def _refused(engine: Engine, settings: Mapping[str, str], words: Sequence[str], *options: str | Path) -> str:
    done = engine.tried("run", "--rm", "--network", "none", *CONFINED, *options, *_environment(settings), IMAGE, "run")
    expect(done.code == 2, f"ended with {done.code}: {done.said[-500:]}")
    missing = [part for part in words if part not in done.said]
    expect(not missing, f"does not say {missing}: {done.said[-500:]}")
    return done.said.splitlines()[-1][:160]


def _no_storm(record: Record, engine: Engine) -> str:
    """Podman starts again at once what has ended; docker pauses, the longer the more often."""
    words = ["--name", "wrong", "--network", "none", "--restart", "always", *_environment({"TRUCEWATCH_WEB_PORT": "x"})]
    engine.podman("run", "--detach", *words, IMAGE, "run")
    time.sleep(LOOKED_S)  # what is looked at is what happens in a span of time
    starts = engine.log("wrong").count("TRUCEWATCH_WEB_PORT")
    engine.remove("wrong")
    record.figures["restarts_a_minute_with_a_wrong_setting"] = round(starts * 60 / LOOKED_S, 1)
    expect(0 < starts <= LOOKED_S / 4, f"{starts} starts in {LOOKED_S:g} s")
    return f"{starts} starts in {LOOKED_S:g} s, where nothing but the service itself pauses"


def _unwritable(engine: Engine) -> str:
    folder = engine.folder / "closed"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    return _refused(engine, {}, ["/data"], *volume(folder, "/data", writable=True))


def _exposed(engine: Engine) -> str:
    secret = engine.folder / "token"
    secret.write_text("a-token-of-enough-letters", encoding="utf-8")
    secret.chmod(0o644)
    settings = {"TRUCEWATCH_WEB_TOKEN_FILE": "/etc/token", "TRUCEWATCH_FEEDS": '["http://town:8000/feed.xml"]'}
    options = ["--name", "wrong", "--network", "none", *CONFINED, *volume(secret, "/etc/token")]
    engine.podman("run", "--detach", *options, *_environment(settings), IMAGE, "run")
    wait_for(lambda: "every user of this machine may read /etc/token" in engine.log("wrong"), "the warning", 60)
    engine.remove("wrong")
    return ""


def _with_redis(record: Record, engine: Engine) -> None:
    if not record.check("a Redis with a password starts", lambda: _locked_store(engine)):
        return
    for role in ("poll", "web", "work"):
        name = f"a wrong password of the store is named, and ends `{role}`"
        record.check(name, lambda role=role: _locked_out(engine, role))
    record.check("a clock that is an hour off makes the pages unready, by name", lambda: _clock_off(engine))


def _locked_store(engine: Engine) -> str:
    acl = ["--user", "trucewatch", "on", ">right", "~*", "&*", "+@all", "--user", "default", "off"]
    engine.podman("run", "--detach", "--name", "redis-verify", "--network", NETWORK, REDIS, "redis-server", *acl)
    ask = ["exec", "redis-verify", "redis-cli", "ping"]
    wait_for(lambda: "NOAUTH" in engine.tried(*ask).said, f"Redis: {engine.log('redis-verify')[-500:]}", 30)
    return ""


def _locked_out(engine: Engine, role: str) -> str:
    settings = {"TRUCEWATCH_REDIS_URL": "redis://trucewatch:wrong@redis-verify:6379/0"}
    words = ["run", "--rm", "--network", NETWORK, *CONFINED, *_environment(settings), IMAGE, role]
    words += ["--queue", "alerts"] if role == "work" else []
    done = engine.tried(*words)
    expect(done.code == 2, f"ended with {done.code}: {done.said[-500:]}")
    expect("TRUCEWATCH_REDIS_URL: the store refuses this login" in done.said, done.said[-500:])
    expect("wrong@" not in done.said, "the password is shown")
    return done.said.splitlines()[-1][:160]


def _clock_off(engine: Engine) -> str:
    if not FAKETIME.exists():
        raise NotRunError("needs Debian's libfaketime")
    settings = {"TRUCEWATCH_REDIS_URL": "redis://trucewatch:right@redis-verify:6379/0"}
    false = {"LD_PRELOAD": "/faketime.so", "FAKETIME": "-1h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    options = ["--name", "wrong", "--network", NETWORK, *CONFINED, *volume(FAKETIME, "/faketime.so")]
    engine.podman("run", "--detach", *options, *_environment({**settings, **false}), IMAGE, "web")
    try:
        said = "failed: clock: this machine's clock and the store's are 3"
        ask = ["exec", "--env", "LD_PRELOAD=", "--env", "TRUCEWATCH_ALIVE_FILE=", "wrong", "trucewatch", "health"]
        wait_for(lambda: said in engine.tried(*ask).said, f"the check `clock`: {engine.tried(*ask).said}", 30)
    finally:
        engine.remove("wrong")
    return ""


def _environment(settings: Mapping[str, str]) -> list[str]:
    return [part for name, text in settings.items() for part in ("--env", f"{name}={text}")]
