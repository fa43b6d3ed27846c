from __future__ import annotations

from workers.watch import Watch


def test_a_job_that_lasts_longer_than_its_limit_is_named() -> None:
    seconds = [100.0]
    watch = Watch(30, lambda: seconds[-1])
    assert watch.hung() is None
    with watch.over("article a1"):
        seconds.append(129.0)
        assert watch.hung() is None
        seconds.append(130.0)
        assert watch.hung() == "article a1"
    assert watch.hung() is None


def test_a_long_name_in_any_script_is_cut_and_still_read() -> None:
    watch = Watch(-1)
    with watch.over("lane " + "é" * 400):
        assert str(watch.hung()).startswith("lane éé")
