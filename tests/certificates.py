"""Certificates made by the openssl command, for servers on loopback and for clients that must show one."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class Identity:
    """A self-signed certificate with its key, and a server's context that shows it."""

    certificate: Path
    key: Path
    context: ssl.SSLContext


def an_identity(folder: Path, name: str) -> Identity:
    """Make a certificate for a name or an address."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make a certificate")
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    alternative = f"subjectAltName={'IP' if name[0].isdigit() else 'DNS'}:{name}"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made += ["-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", f"/CN={name}"]
    subprocess.run([*made, "-addext", alternative], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return Identity(certificate, key, context)


def a_certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """A server's context, and the file that makes it trusted."""
    made = an_identity(folder, name)
    return made.context, made.certificate


def a_pair(folder: Path, name: str) -> tuple[Identity, Identity]:
    """A server that lets in only the client, and the client."""
    server, client = an_identity(folder, name), an_identity(folder, "client.example")
    server.context.verify_mode = ssl.CERT_REQUIRED
    server.context.load_verify_locations(client.certificate)
    return server, client
