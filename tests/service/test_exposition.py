from __future__ import annotations

from service.exposition import Family, Kind, Sample, histogram_samples, written


def test_a_family_has_its_help_its_type_and_its_samples() -> None:
    family = Family("polls_total", Kind.COUNTER, "Polls.", [Sample(3, {"outcome": "read"}), Sample(0.5)])
    assert written([family]) == (
        "# HELP trucewatch_polls_total Polls.\n"
        "# TYPE trucewatch_polls_total counter\n"
        'trucewatch_polls_total{outcome="read"} 3\n'
        "trucewatch_polls_total 0.5\n"
    )


def test_labels_from_outside_cannot_break_a_line() -> None:
    family = Family("x", Kind.GAUGE, "a\nb", [Sample(1, {"why": 'a"b\\c\nd'})])
    assert written([family]).splitlines() == [
        r"# HELP trucewatch_x a\nb",
        "# TYPE trucewatch_x gauge",
        r'trucewatch_x{why="a\"b\\c\nd"} 1',
    ]


def test_the_buckets_of_a_histogram_add_up() -> None:
    samples = histogram_samples({5: 1, 10: 2, 30: 0}, count=4, sum_s=99.5)
    shown = [(sample.suffix, sample.labels.get("le"), sample.value) for sample in samples]
    assert shown == [
        ("_bucket", "5", 1), ("_bucket", "10", 3), ("_bucket", "30", 3), ("_bucket", "+Inf", 4),
        ("_sum", None, 99.5), ("_count", None, 4),
    ]  # fmt: skip


def test_what_has_no_samples_is_left_out() -> None:
    assert written([Family("x", Kind.GAUGE, "X.", [])]) == ""
