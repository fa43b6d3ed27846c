"""Whether a passage bears on a ceasefire: signs in its words, around it, and in who speaks, weighed together.

Less than half of the statements name a truce; the article's subject, the sentence before and the cues of a stance
decide (`workers/reading/model/relevance.json`, trained by `make train`).
"""

from __future__ import annotations

from collections.abc import Iterator

from workers.reading.candidates import Candidate, Focus, Role
from workers.reading.evidence import Aim, Owner
from workers.reading.features import GROUPS
from workers.reading.loglinear import LogLinear
from workers.reading.wordings import wordings_of

RELEVANCE_LABELS = ("beside", "bears")
LEAST_SHARE = 0.4  # best joint score with whole conflicts left out, of 0.3 to 0.7; on the own corpus lower is better
SHORT_CHARS, LONG_CHARS = 70, 350
LEAD_SHARE, TAIL_SHARE = 0.2, 0.75
LEAST_OUTRIGHT = 0.2  # likewise, of 0.1 to 0.4
OUTRIGHT = frozenset({"accept", "refuse", "declare", "end", "support", "propose", "urge"})
OFTEN = 2


def bears_on_truce(model: LogLinear, candidate: Candidate, focus: Focus, text: str) -> bool:
    """Judge a passage of `text`."""
    if candidate.role is not Role.FIGHTS and {cue.family for cue in candidate.evidence} == {"attend"}:
        return False  # who only goes between the sides commits to nothing by travelling or meeting
    share = model.shares(model.scores(signs_of(candidate, focus, text)))[1]
    return share >= (LEAST_OUTRIGHT if _is_outright(candidate) else LEAST_SHARE)


def _is_outright(candidate: Candidate) -> bool:
    """Tell a stance on a truce in so many words ("accepted the ceasefire"), and not of an earlier episode."""
    here = candidate.here
    return (
        bool(here.strong)
        and not here.counts["past"]
        and any(
            cue.family in OUTRIGHT
            and cue.owner in (Owner.SELF, Owner.NONE)
            and cue.aim is Aim.PLAN
            and not cue.supposed
            for cue in candidate.evidence
        )
    )


def signs_of(candidate: Candidate, focus: Focus, text: str) -> dict[str, float]:
    """Name the signs of a passage of `text`, each 1.0 when there, and its wording."""
    parts = (_of_words(candidate), _of_cues(candidate), _of_speaker(candidate), _together(candidate, focus))
    signs = dict.fromkeys(("always", *_of_article(focus), *(sign for part in parts for sign in part)), 1.0)
    return signs | wordings_of(text[candidate.passage.start : candidate.passage.end])


def _of_article(focus: Focus) -> Iterator[str]:
    if focus.lead.strong:
        yield "lead:strong"
    if focus.lead.medium >= OFTEN:
        yield "lead:medium"
    if focus.whole.counts["off_topic"] > focus.whole.strong:
        yield "article:off_topic"
    per_mille = 1000 * focus.whole.strong / max(focus.words, 1)
    yield f"article:strong {min(int(per_mille / 3), 5)}"
    per_mille = 1000 * focus.whole.medium / max(focus.words, 1)
    yield f"article:medium {min(int(per_mille / 5), 5)}"


def _of_words(candidate: Candidate) -> Iterator[str]:
    for place, topics in (("here", candidate.here), ("around", candidate.around), ("ahead", candidate.ahead)):
        yield from (f"{place}:{name}" for name in topics.counts)
        if topics.strong:
            yield f"{place}:strong"
    yield from (f"here:{name} often" for name, count in candidate.here.counts.items() if count >= OFTEN)
    length = candidate.passage.end - candidate.passage.start
    if length < SHORT_CHARS:
        yield "short"
    elif length > LONG_CHARS:
        yield "long"
    if candidate.share < LEAD_SHARE:
        yield "place:lead"
    elif candidate.share > TAIL_SHARE:
        yield "place:tail"


def _of_cues(candidate: Candidate) -> Iterator[str]:
    for cue in candidate.evidence:
        sign = "not-" if cue.negated else ""
        yield f"cue:{sign}{cue.family}"
        yield f"group:{GROUPS.get(cue.family, 'other')}:{'other' if cue.owner is Owner.OTHER else 'own'}"
        if cue.aim is not Aim.NONE:
            yield f"aim:{cue.aim}"
    if not candidate.evidence:
        yield "cue:none"


def _of_speaker(candidate: Candidate) -> Iterator[str]:
    passage = candidate.passage
    yield f"role:{candidate.role}"
    yield f"kind:{passage.kind}"
    yield f"rule:{passage.rule}"
    if not passage.is_spoken:
        yield "thought"
    first = passage.speakers[0]
    yield "speaker:unlisted" if first.actor_id is None else "speaker:party" if first.is_party else "speaker:person"
    yield f"authority:{first.authority.name.lower()}"
    if " -> " in first.path:
        yield "speaker:by role"
    if first.path.startswith("named"):
        yield "speaker:by pronoun"
    if len(passage.speakers) > 1:
        yield "speaker:joint"
    if candidate.goes_on is not None:
        yield "goes on"
        yield from (f"goes on:{name}" for name in candidate.goes_on.here.counts)


def _together(candidate: Candidate, focus: Focus) -> Iterator[str]:
    """Signs that mean something only together: a stance counts where the truce is near or the article's subject."""
    groups = {GROUPS.get(cue.family, "other") for cue in candidate.evidence if cue.owner is not Owner.OTHER}
    near = "strong" if candidate.here.strong else "medium" if candidate.here.medium else "far"
    about = "about" if focus.lead.strong else "aside"
    yield f"{near}&{about}"
    for group in groups:
        yield f"{group}&{near}"
        yield f"{group}&{about}&{near}"
