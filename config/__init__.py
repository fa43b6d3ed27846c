"""Settings, logging and the data that an operator edits: conflicts and actors, cues, feeds."""
