"""Heat that spreads on a square whose blocks lie on a grid of ranks: every step fills the ghosts by derived datatypes."""

import numpy as np

from blocks import Blocks
from clock import during, timed
from measure import comm

SIDE = 1024
STEPS = 1000

blocks = Blocks(SIDE)


def step(old, new):
    inner = old[1:-1, 1:-1]
    new[1:-1, 1:-1] = inner + 0.2 * (old[:-2, 1:-1] + old[2:, 1:-1] + old[1:-1, :-2] + old[1:-1, 2:] - 4 * inner)


def program():
    now = np.zeros(blocks.shape)
    following = np.zeros(blocks.shape)
    if comm.rank == 0:
        now[1, 1:-1] = 100
    for _ in range(STEPS):
        during(lambda: blocks.exchange(now))
        step(now, following)
        now, following = following, now


timed(program)
