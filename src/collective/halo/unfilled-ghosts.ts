import { type CallSite, justAt } from '../../diagnostics/call-site.js'
import { AliasError } from '../../errors.js'
import type { Runs } from '../../memory/runs.js'

/** Every bit: not a number where cells are floating-point, -1 or the largest where they are integers. */
const UNFILLED = 0xff

/** Ghosts that a neighbour fills have no value until it has: who reads them before finds none. */
export function clear(face: Runs): void {
  face.scatter(0, face.byteLength, new Uint8Array(face.byteLength).fill(UNFILLED), 0)
}

/** Whether nobody has written to them since. */
export const isClear = (face: Runs): boolean => new Uint8Array(face.packed().buffer, 0, face.byteLength).every((byte) => byte === UNFILLED)

/** The program has written to ghosts that the exchange was about to fill. */
export function writtenGhosts(site: CallSite | undefined): AliasError {
  const where = justAt(site)
  return new AliasError(
    `array: a ghost was written while this halo exchange was under way${where === '' ? '' : `, called${where}`}; ` +
      'await that before you write to ghosts: it fills them'
  )
}
