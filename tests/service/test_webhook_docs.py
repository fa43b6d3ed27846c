from __future__ import annotations

from pathlib import Path

import pytest

from service.webhook_docs import schemas_text, types_markdown, with_types
from workers.delivery.chat_services import EndpointFormat
from workers.domain.alert import AlertType
from workers.domain.retry import DELAYS_S

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT = (DOCS / "webhooks.md").read_text(encoding="utf-8")


def test_the_generated_parts_are_up_to_date() -> None:
    """`make docs` writes them anew."""
    assert with_types(DOCUMENT) == DOCUMENT
    assert (DOCS / "webhooks.schema.json").read_text(encoding="utf-8") == schemas_text()


def test_every_type_and_format_is_described() -> None:
    assert all(f"`{kind}`" in types_markdown() for kind in AlertType)
    assert all(f"| `{kind}` |" in DOCUMENT for kind in EndpointFormat)
    assert len(DELAYS_S) == 11  # the document has the ten waits between them


def test_a_document_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no lines"):
        with_types("# Webhooks")
