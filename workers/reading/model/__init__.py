"""Trained weights of the reading room; `make train` writes them anew."""
