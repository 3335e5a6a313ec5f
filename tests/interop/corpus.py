"""Where the documented measurements of others are, for the tests that need them."""

from __future__ import annotations

from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[3] / "shared/corpus"

needs_corpus = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="../shared/corpus, OONI's documented measurements, is not here"
)
