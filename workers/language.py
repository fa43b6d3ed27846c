"""Tell English text from other languages."""

from __future__ import annotations

import re
import threading

from py3langid.langid import MODEL_FILE, LanguageIdentifier

ENGLISH = "en"
LEAST_LETTERS = 60  # shorter texts are given the benefit of the doubt unless they are in another script
MOST_CHARS = 4000
SURE = 0.9
_LATIN = re.compile(r"[A-Za-z]")
_LETTER = re.compile(r"[^\W\d_]")


class LanguageJudge:
    """Judges texts; the model is loaded at the first one, since it takes half a second."""

    def __init__(self) -> None:
        self._identifier: LanguageIdentifier | None = None
        self._lock = threading.Lock()

    def is_english(self, text: str, tag: str | None) -> bool:
        """Tell whether a text is English. `tag`, the feed's own word for it, is believed where the text is short."""
        sample = text[:MOST_CHARS]
        letters = len(_LETTER.findall(sample))
        if letters and len(_LATIN.findall(sample)) < letters / 2:
            return False
        if letters < LEAST_LETTERS:
            return tag is None or tag.lower().startswith(ENGLISH)
        with self._lock:
            if self._identifier is None:
                self._identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
            language, probability = self._identifier.classify(sample)
        return bool(language == ENGLISH or probability < SURE)
