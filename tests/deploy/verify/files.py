"""The files as they lie there: linted, held against their schemas, their units and rules tried out."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.deploy.verify.outcome import NotRunError, Record, WrongError, expect
from tests.deploy.verify.shell import ROOT, must, needed, run

DEPLOY = ROOT / "deploy"
CRDS = ROOT.parent / "shared/deploy/crds"
WORST_EXPOSURE = 2.0  # of 10, by `systemd-analyze security`
SECRETS = ("redis_url", "web_token", "webhooks", "webhook_secrets")


def verify_files(record: Record, tools: Path | None) -> None:
    """Check every file of the deployment that can be checked without running it."""
    record.check("hadolint finds nothing in the Dockerfile", lambda: _hadolint(tools))
    record.check("the compose file fits its schema", lambda: _compose_schema(tools))
    record.check("compose can read it", lambda: _compose_config(tools))
    for overlay in ("base", "full"):
        record.check(
            f"k8s/{overlay} fits strict schemas, every kind known", lambda name=overlay: _kubernetes(name, tools)
        )
    record.check("promtool accepts the rules", _promtool_check)
    record.check("each rule fires when it must and is quiet when all is well", _promtool_test)
    record.check("systemd-analyze verify says nothing of the units", _systemd_verify)
    record.check(
        f"systemd-analyze security: exposure of each unit at most {WORST_EXPOSURE}", lambda: _systemd_security(record)
    )


def tool(tools: Path | None, name: str) -> Path:
    """A program of the tools' environment."""
    if tools is None or not (tools / "bin" / name).exists():
        raise NotRunError(f"{name} could not be installed")
    return tools / "bin" / name


def _hadolint(tools: Path | None) -> str:
    return must([tool(tools, "hadolint"), "--failure-threshold", "info", ROOT / "Dockerfile"])


def _compose_schema(tools: Path | None) -> str:
    must([tool(tools, "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml"])
    return ""


def _compose_config(tools: Path | None) -> str:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "deploy"
        (copy / "secrets").mkdir(parents=True)
        (copy / "compose.yaml").write_bytes((DEPLOY / "compose.yaml").read_bytes())
        for name in SECRETS:
            (copy / "secrets" / name).write_text("x", encoding="utf-8")
        shown = must([tool(tools, "docker-compose"), "-f", copy / "compose.yaml", "config", "--format", "json"])
    services = json.loads(shown)["services"]
    expect(set(services) == {"redis", "poll", "work", "web"}, f"services are {sorted(services)}")
    for name, service in services.items():
        expect(service["read_only"] and service["cap_drop"] == ["ALL"], f"{name} is not confined")
        expect(service["healthcheck"], f"{name} has no health check")
    return ""


def _kubernetes(overlay: str, tools: Path | None) -> str:
    needed("kubectl")
    python = tool(tools, "python")
    text = must(["kubectl", "kustomize", DEPLOY / "k8s" / overlay])
    own = set(re.findall(r"^kind: (\w+)", text, re.MULTILINE)) & {
        "ScaledObject",
        "PrometheusRule",
        "ServiceMonitor",
    }
    if own and not CRDS.is_dir():
        raise NotRunError(f"needs the definitions of {', '.join(sorted(own))} in {CRDS.relative_to(ROOT.parent)}")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        checker = Path(__file__).with_name("kubernetes_schemas.py")
        return must([python, checker, file.name, CRDS])


def _promtool_check() -> str:
    needed("promtool")
    must(["promtool", "check", "rules", DEPLOY / "prometheus/rules.yaml"])
    must(["promtool", "check", "config", "--syntax-only", DEPLOY / "prometheus/prometheus.example.yml"])
    return ""


def _promtool_test() -> str:
    needed("promtool")
    must(["promtool", "test", "rules", "rules.test.yaml"], cwd=DEPLOY / "prometheus")
    return ""


def _units(folder: Path) -> Iterator[Path]:
    """Copies of the units whose program is there: only that is not to be had where nothing is installed."""
    program = folder / "trucewatch"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    for unit in sorted((DEPLOY / "systemd").glob("*.service")):
        copy = folder / unit.name.replace("@.", "@articles-1.")
        copy.write_text(
            unit.read_text(encoding="utf-8").replace("/opt/trucewatch/bin/trucewatch", str(program)), encoding="utf-8"
        )
        yield copy


def _systemd_verify() -> str:
    needed("systemd-analyze")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        units = list(_units(Path(folder)))
        done = run(["systemd-analyze", "verify", *units])
    if done.code or done.said:
        raise WrongError(done.said)
    return f"{len(units)} units"


def _systemd_security(record: Record) -> str:
    needed("systemd-analyze")
    worst = 0.0
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        for unit in _units(Path(folder)):
            said = run(["systemd-analyze", "security", "--offline=true", unit]).said
            found = re.search(r"exposure level for \S+: ([\d.]+)", said)
            expect(found, said[-500:])
            worst = max(worst, float(found[1]))  # type: ignore[index]
    record.figures["worst_systemd_exposure"] = worst
    expect(worst <= WORST_EXPOSURE, f"{worst} is more than {WORST_EXPOSURE}")
    return f"{worst} of 10"
