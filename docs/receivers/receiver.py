"""Receive webhooks of trucewatch with nothing but Python: `WEBHOOK_SECRETS=whsec_… python receiver.py 8000`.

Checks the signature, refuses what is older than five minutes, and drops repeats.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import re
import sys
import threading
import time
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEYS = [base64.b64decode(secret.removeprefix("whsec_") + "==") for secret in os.environ["WEBHOOK_SECRETS"].split()]
TOLERANCE_S = 300
MOST_BYTES = 20_000
SEEN: OrderedDict[str, None] = OrderedDict()  # a real receiver keeps the ids where a restart does not lose them
ONE_AT_A_TIME = threading.Lock()  # two requests with one id may come at once


def is_genuine(message_id: str, timestamp: str, signatures: str, body: bytes) -> bool:
    """Tell whether one of our keys signed these very bytes a moment ago."""
    if not re.fullmatch("[0-9]{1,12}", timestamp) or abs(time.time() - int(timestamp)) > TOLERANCE_S:
        return False
    content = b".".join([message_id.encode(), timestamp.encode(), body])
    expected = ["v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode() for key in KEYS]
    return any(hmac.compare_digest(one.encode(), given.encode()) for one in expected for given in signatures.split(" "))


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 to what is taken or was taken before, 401 to what is not genuine."""

    timeout = 20  # seconds that a sender may be silent

    def do_POST(self) -> None:
        """Take one message."""
        length = self.headers.get("content-length", "")
        if not re.fullmatch("[0-9]{1,9}", length) or int(length) > MOST_BYTES:
            return self._answer(413)
        body = self.rfile.read(
            int(length)
        )  # the raw bytes: JSON that is parsed and written again has another signature
        message_id = self.headers.get("webhook-id", "")
        timestamp, signatures = (self.headers.get(f"webhook-{name}", "") for name in ("timestamp", "signature"))
        if not is_genuine(message_id, timestamp, signatures, body):
            return self._answer(401)
        with ONE_AT_A_TIME:
            if message_id not in SEEN:
                handle(message_id, json.loads(body))
                SEEN[message_id] = None  # only now: what fails comes again
                while len(SEEN) > 10_000:
                    SEEN.popitem(last=False)
        return self._answer(204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def handle(message_id: str, message: dict[str, object]) -> None:
    """Do what is to be done; here: print. Unknown types are to be ignored."""
    print(message_id, message["type"], flush=True)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
    print("listening on", server.server_port, flush=True)
    server.serve_forever()
