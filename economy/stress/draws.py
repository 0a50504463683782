"""Chance by counter: the draws of a block of paths depend on the seed and the block's number, on nothing else.

Each block has a Philox stream of its own, keyed by (seed, block), so that it does not matter which worker runs it,
or in which order. Normals are Box-Muller pairs of 24-bit uniforms in single precision: three times as fast as a
double-precision ziggurat. What that costs: no draw lies beyond 5.77 standard deviations (one in 10^8 would), and a
draw has seven digits. They are draws of a model whose volatilities have two; all accounting is in double precision.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

BLOCK = 16_384
"""Paths in a block, the unit of work; part of what a seed means."""
SEED_LIMIT = 2**64

_ONE = np.float32(1)
_MINUS_TWO = np.float32(-2)
_TURN = np.float32(2 * np.pi)


class Draws:
    """The stream of one block. Only the first `width` of its paths are wanted: their draws are the same."""

    def __init__(self, seed: int, block: int, *, rows: int, width: int = BLOCK) -> None:
        """Nothing is drawn yet; at most `rows` rows of normals will be at a time, an even number."""
        assert rows % 2 == 0, "normals come in pairs"
        assert 0 < width <= BLOCK, f"{width} paths of a block"
        self.width = width
        self._generator = np.random.Generator(np.random.Philox(key=np.array([seed, block], dtype=np.uint64)))
        self._raw = np.empty((rows, BLOCK), dtype=np.float32)
        self._sines = np.empty((rows // 2, width), dtype=np.float32)
        self._single = np.empty(BLOCK, dtype=np.float32)

    def normals(self, rows: int) -> list[Singles]:
        """So many rows of independent standard normals, an even number; valid until the next call."""
        assert rows % 2 == 0, "normals come in pairs"
        half = rows // 2
        self._generator.random(out=self._raw[:rows], dtype=np.float32)
        radius, angle, sines = self._raw[:half, : self.width], self._raw[half:rows, : self.width], self._sines[:half]
        np.subtract(_ONE, radius, out=radius)  # (0, 1]
        np.log(radius, out=radius)
        np.multiply(radius, _MINUS_TWO, out=radius)
        np.sqrt(radius, out=radius)
        np.multiply(angle, _TURN, out=angle)
        np.sin(angle, out=sines)
        np.cos(angle, out=angle)
        np.multiply(sines, radius, out=sines)
        np.multiply(angle, radius, out=angle)
        return [*angle, *sines]

    def uniforms(self) -> Singles:
        """A row of uniforms from [0, 1); valid until the next call."""
        self._generator.random(out=self._single, dtype=np.float32)
        return self._single[: self.width]

    def places(self, count: int) -> NDArray[np.int64]:
        """A row of whole numbers from 0 to `count` - 1."""
        return self._generator.integers(0, count, BLOCK, dtype=np.int64)[: self.width]
