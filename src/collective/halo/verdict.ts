import type { CallSite } from '../../diagnostics/call-site.js'
import { MIN } from '../../op/op.js'
import type { Request } from '../../request/request.js'
import type { Caller, Make } from '../definition.js'
import { allreduceOf } from '../definitions/allreduce.js'
import { call } from '../request.js'
import type { Blocks } from './blocks.js'

/** Whether the blocks of all ranks go together, which is known when all have said what they have. */
export class Verdict {
  /** Why they do not; undefined also as long as it is not known. */
  error: Error | undefined
  /** It is settled when it is known. */
  readonly known: Request<unknown>

  /** `name`: that of the halo, under which ranks say it. */
  constructor(comm: Caller, name: string, blocks: Blocks, site: CallSite | undefined) {
    this.known = call(comm, sayingOf(name), blocks.said, { into: blocks.said }, undefined, site)
    this.known.look()
    this.known.onSettled(() => {
      this.error = this.known.failure ?? blocks.verdict
    })
  }
}

/** What every rank says of its block. */
const sayingOf = (name: string): Make<Float64Array, Float64Array> =>
  ((ranks) => ({ ...allreduceOf(ranks, {}, MIN), name, op: undefined })) as Make<never, unknown> as Make<Float64Array, Float64Array>
