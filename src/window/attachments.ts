import { shown } from '../diagnostics/arguments.js'
import { ArgumentError } from '../errors.js'
import type { Viewed } from '../layout/view.js'
import type { Remote } from './options.js'
import { Part, type PartSay, sayOf } from './part.js'

/** Memory that ranks have added to their parts of a window: this rank's own, and others' that it was told of. MPI 4.1 §12.2.4: attach. */
export class Attachments {
  /** This rank's memory in the window: its part as 0, and what was attached. */
  readonly own = new Map<number, Part>()
  readonly #rank: number
  readonly #window: string
  /** Others', by what names it. */
  readonly #parts = new WeakMap<Remote, Part>()
  readonly #ids = new WeakMap<Part, number>()
  #made = 0

  constructor(window: string, own: Part) {
    this.#window = window
    this.#rank = own.rank
    this.own.set(0, own)
  }

  attach(memory: Viewed): Remote {
    const say: PartSay = { ...sayOf(memory), kind: 'private' }
    const part = new Part(this.#rank, say)
    part.own(memory)
    const id = ++this.#made
    this.own.set(id, part)
    return { window: this.#window, rank: this.#rank, part: id, memory: say as unknown as Remote['memory'] }
  }

  detach(remote: Remote): void {
    if (remote?.rank !== this.#rank || remote.window !== this.#window || remote.part === 0 || !this.own.delete(remote.part)) {
      throw new ArgumentError(`remote: expected what attach has given on this rank and was not detached, got ${shown(remote)}`)
    }
  }

  /** What a rank has attached, where this one has asked for it before. */
  known(remote: Remote): Part | undefined {
    return this.#parts.get(remote)
  }

  /** The same for the first time. */
  learn(remote: Remote): Part {
    const part = new Part(remote.rank, remote.memory as unknown as PartSay)
    this.#ids.set(part, remote.part)
    this.#parts.set(remote, part)
    return part
  }

  /** Which of its rank's memory a part is. */
  idOf(part: Part): number {
    return this.#ids.get(part) ?? 0
  }
}
