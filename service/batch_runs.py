"""Run `extract` and `attribute` over an archive, line by line, in the order of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from service.batch_archive import ArchivedArticle, Document, Flaw
from service.batch_extract import Extracted, attribution_line, extracted, read_attributions, read_statements
from service.batch_readers import ReaderSource, read_in_order
from workers.domain.catalogue import Catalogue

Tell = Callable[[Flaw], None]


def extract(
    articles: Iterable[ArchivedArticle], source: ReaderSource, catalogue: Catalogue, jobs: int, tell: Tell
) -> Iterator[Extracted]:
    """Give the lines of each article; one that cannot be read is told and has none."""
    for article, outcome in read_in_order(read_statements, articles, source, jobs):
        if outcome.found is None:
            tell(Flaw(f"{article.place} (article {article.article_id})", f"cannot be read: {outcome.error}"))
        else:
            yield extracted(article, outcome.found, catalogue)


def attribute(documents: Iterable[Document], source: ReaderSource, jobs: int, tell: Tell) -> Iterator[str]:
    """Give the line of each document; one that cannot be read is told and has none."""
    for document, outcome in read_in_order(read_attributions, documents, source, jobs):
        if outcome.found is None:
            tell(Flaw(f"{document.place} (document {document.document_id})", f"cannot be read: {outcome.error}"))
        else:
            yield attribution_line(document, outcome.found, outcome.cpu_s)
