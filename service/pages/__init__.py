"""Templates of the web pages (package data; no code)."""
