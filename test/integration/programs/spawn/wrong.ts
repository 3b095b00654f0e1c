// @ts-expect-error There is none.
import { nothing } from './there-is-no-such-file.js'

console.log(nothing)
