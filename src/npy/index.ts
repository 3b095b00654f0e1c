export { createNpy, type NewNpyOptions, type NpyArray, type NpyOptions, openNpy } from './array.js'
