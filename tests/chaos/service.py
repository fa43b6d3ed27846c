"""The real service with the stand-in for a reader: `python -m tests.chaos.service poll|work|run`."""

from __future__ import annotations

import os
import sys

from config.settings import load_settings
from service.daemon import Roles, serve

ROLES = {"poll": Roles(poll=True), "work": Roles(work=True), "run": Roles(store=True, poll=True, work=True, web=True)}

if __name__ == "__main__":
    serve(load_settings(os.environ), ROLES[sys.argv[1]], worker_module="tests.chaos.worker")
