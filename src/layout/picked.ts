import { REFUSAL } from '../codec/refusal.js'
import { block } from '../memory/form.js'
import { Runs } from '../memory/runs.js'
import { recognise, type Signature } from './signature.js'

/** What of some memory travels, and as what. */
export interface Picked {
  readonly runs: Runs
  readonly signature: Signature
  /** Its code on the wire. */
  readonly datatype: number
  /** The header's `shape`: of records, of which types. */
  readonly shape: number
  /** Items of its layout. */
  readonly items: number
  /** Of records, bytes of one as it travels; 0 of others. */
  readonly recordBytes: number
  /** Whether elements overlap, so that it cannot be received into. */
  readonly overlaps: boolean
}

/** What stands for memory that is not contiguous wherever a typed array may: a view, or records. */
export abstract class Pickable {
  /** @internal */
  abstract get picked(): Picked

  /** @internal Whether its memory is there. */
  abstract get isDetached(): boolean

  /** @internal The same, packed on memory of its own. */
  copied(): Pickable {
    const { runs, signature, recordBytes } = this.picked
    return new Copied(pick(new Runs(runs.packed(), block(runs.byteLength)), signature, recordBytes))
  }

  /** @internal Within an object it would arrive as one of its fields. */
  get [REFUSAL](): string {
    return 'a view cannot be sent within an object; send its pack(), or the view by itself'
  }
}

/** What was picked of memory that may change since. */
class Copied extends Pickable {
  readonly picked: Picked
  readonly isDetached = false

  constructor(picked: Picked) {
    super()
    this.picked = picked
  }
}

/** What a value picks, where it is a view or records. */
export const pickedOf = (data: unknown): Picked | undefined => (data instanceof Pickable ? data.picked : undefined)

export function pick(runs: Runs, signature: Signature, recordBytes: number, items = 1): Picked {
  recognise(signature)
  return {
    runs,
    signature,
    datatype: signature.datatype,
    shape: signature.hash,
    recordBytes,
    items,
    get overlaps() {
      return runs.overlaps
    }
  }
}
