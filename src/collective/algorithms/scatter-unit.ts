import type { BufferLike } from '../../codec/datatype.js'
import { copyAll, type Memory } from '../../memory/copy.js'
import type { Incoming } from '../../progress/incoming.js'
import { fitting } from '../../request/receive-request.js'
import { Misfit } from '../definition.js'
import { type Block, NOBODY } from './block.js'
import type { Parted } from './eager-and-bulk.js'

/** What a rank gets of what the root deals out, with what is for those behind it. */
export class ScatterUnit implements Parted {
  pending = 0
  entered = false
  /** The first is this rank's own, the others are for the ranks that follow on it, seen from the root. */
  readonly blocks: readonly Block[]
  readonly #into: BufferLike | undefined
  #misfit: Misfit | undefined

  constructor(blocks: readonly Block[], into: BufferLike | undefined) {
    this.blocks = blocks
    this.#into = into
  }

  get own(): Block {
    return this.blocks[0]!
  }

  /** Gives the own block, which comes apart, its place. */
  place(message: Incoming): void {
    const memory = this.#target()
    if (memory !== undefined) message.redirect(memory)
  }

  land(message: Incoming): void {
    this.own.receive(message)
  }

  /** `received`: the data has come apart and, where it fits, straight to its place. */
  result(received: boolean): unknown {
    const { own } = this
    if (this.#into === undefined) return own.value
    if (!(received && own.apart)) {
      const memory = this.#target()
      if (memory !== undefined && own.length > 0) copyAll(own.bytes!, memory)
    }
    return this.#misfit ?? this.#into
  }

  /** Where in `into` the own block belongs, if it fits. */
  #target(): Memory | undefined {
    if (this.#into === undefined) return undefined
    try {
      const { datatype, length } = this.own
      return fitting(this.#into, datatype === NOBODY ? 0 : datatype, length, () => 'the root')
    } catch (error) {
      this.#misfit = new Misfit(error as Error)
      return undefined
    }
  }
}
