/**
 * Arrays in files of NumPy (`.npy`), which many ranks read and write together.
 *
 * @module rxmpi/npy
 */

export { createNpy, type NewNpyOptions, type NpyArray, type NpyOptions, openNpy } from './array.js'
