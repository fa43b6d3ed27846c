"""From text to statements: deterministic, no I/O; model, lexicon and catalogue are handed in."""
