"""One rank folds runs by the kernels that the MPI library has for its own reductions: b = a op b."""

import numpy as np
from mpi4py import MPI

from measure import report, steps, time

types = {
    "Float64Array": np.float64,
    "Float32Array": np.float32,
    "BigInt64Array": np.int64,
    "BigUint64Array": np.uint64,
    "Int32Array": np.int32,
    "Uint32Array": np.uint32,
    "Int16Array": np.int16,
    "Uint16Array": np.uint16,
    "Int8Array": np.int8,
    "Uint8Array": np.uint8,
}


def fold(op, a, b):
    def round(iterations):
        for _ in range(iterations):
            op.Reduce_local(a, b)

    return round


for step in steps:
    name, type, how = step["row"].split()
    if how != "fold" or type not in types:
        continue
    chance = np.random.default_rng(1)
    a, b = (chance.integers(0, 2, step["size"] // np.dtype(types[type]).itemsize).astype(types[type]) for _ in range(2))
    try:
        milliseconds = time(step, fold(getattr(MPI, name), a, b))
    except MPI.Exception:
        continue  # logical ops are not for floating-point numbers there
    report(step, step["size"] / milliseconds / 1e6)
