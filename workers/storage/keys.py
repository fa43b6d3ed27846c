"""The only place where a Redis key is spelled. Each line tells type, content and life."""

from __future__ import annotations

PREFIX = "trucewatch"
