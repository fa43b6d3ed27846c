"""Write metrics in the text format of Prometheus (version 0.0.4). Pure.

The source: https://prometheus.io/docs/instrumenting/exposition_formats/ (lines, escaping, order).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "trucewatch_"


class Kind(StrEnum):
    """What a metric is."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Sample:
    """One number with its labels. `suffix` is that of a histogram's series (`_bucket`, `_sum`, `_count`)."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with its samples. `name` is without the prefix; a counter's ends with `_total`."""

    name: str
    kind: Kind
    words: str
    samples: Sequence[Sample]


def written(families: Iterable[Family]) -> str:
    """Write the families, each with its help and type; one without samples is left out."""
    return "".join(_family(family) for family in families if family.samples)


def histogram_samples(buckets: Mapping[int, int], count: int, sum_s: float) -> list[Sample]:
    """The samples of a histogram whose `buckets`, by upper bound, are each counted on their own."""
    samples, so_far = list[Sample](), 0
    for bound, number in sorted(buckets.items()):
        so_far += number
        samples.append(Sample(so_far, {"le": str(bound)}, "_bucket"))
    samples.append(Sample(count, {"le": "+Inf"}, "_bucket"))
    return [*samples, Sample(sum_s, suffix="_sum"), Sample(count, suffix="_count")]


def _family(family: Family) -> str:
    name = PREFIX + family.name
    words = family.words.replace("\\", r"\\").replace("\n", r"\n")
    lines = [f"# HELP {name} {words}", f"# TYPE {name} {family.kind}"]
    lines += [f"{name}{sample.suffix}{_labels(sample.labels)} {_number(sample.value)}" for sample in family.samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items()) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
