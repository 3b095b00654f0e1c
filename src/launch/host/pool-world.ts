import { availableParallelism } from 'node:os'
import type { MessagePort } from 'node:worker_threads'
import { Communicator } from '../../communicator/communicator.js'
import { Endpoint } from '../../progress/endpoint.js'
import { BufferHandoff } from '../../transport/shared/buffer-handoff.js'
import { allocateHost } from '../../transport/shared/host-memory.js'
import { SharedTransport } from '../../transport/shared/shared-transport.js'
import { changed } from '../options/environment.js'
import { checkRanks } from '../options/limits.js'
import type { HostListener } from '../protocol/host.js'

export { poolModule } from '../../runtime/package.js'

import type { FromRank } from '../../runtime/rank-protocol.js'
import { ThreadHost } from './thread-host.js'

/** A world of this thread, as rank 0, and of ranks that are started for it. */
export interface PoolWorld {
  comm: Communicator
  /** Resolves when all its ranks have ended. */
  end: () => Promise<void>
  /** Whether its threads keep this process alive. */
  keepAlive: (needed: boolean) => void
  /** Starts a rank under a new number, for one that has died: as often as there were ranks. */
  more: () => number | undefined
}

/** Each of its ranks has the compiled module `url` as its program. */
export function startPoolWorld(ranks: number, url: URL, env: Record<string, string | undefined>): PoolWorld {
  checkRanks(ranks)
  const size = 2 * ranks + 1
  const memory = allocateHost(size)
  const crowded = ranks + 1 > availableParallelism()
  const others = Array.from({ length: ranks }, (_, k) => k + 1)
  let alive = ranks
  let ended!: () => void
  const allEnded = new Promise<void>((resolve) => {
    ended = resolve
  })
  const listener: HostListener = {
    message: (rank: number, message: FromRank) => {
      if (message.type === 'line') lines.accept(rank, message.port as MessagePort)
      if (message.type === 'failed') process.stderr.write(`rank ${rank} of the pool failed: ${message.error.text}\n`)
      if (message.type !== 'output') return
      process[message.fd === 1 ? 'stdout' : 'stderr'].write(message.chunk)
      host.written(rank, message.bytes)
    },
    asked: () => undefined,
    ended: (_rank, _status, fatal) => {
      if (fatal !== undefined) process.stderr.write(`${fatal}\n`)
      if (--alive === 0) ended()
    },
    drained: () => undefined,
    signalled: () => undefined,
    broken: () => undefined,
    lost: () => undefined
  }
  const host = new ThreadHost(
    {
      memory,
      crowded,
      ranks: others,
      args: [],
      env: changed(process.env, env),
      setting: { wantsResult: false, leftovers: 'ignore', profiles: [], colors: false, terminals: {} }
    },
    listener
  )
  const lines = new BufferHandoff((to, port) => host.post(to, { type: 'line', from: 0, port }, [port as never]))
  const endpoint = new Endpoint(new SharedTransport(0, size, memory, crowded, lines))
  const program = { url: url.href, path: url.pathname }
  let next = ranks + 1
  host.load(program)
  host.keepAlive(false)
  return {
    comm: new Communicator(
      endpoint,
      0,
      'pool',
      Array.from({ length: size }, (_, rank) => rank)
    ),
    end: () => allEnded,
    keepAlive: (needed) => host.keepAlive(needed),
    more: () => {
      if (next === size) return undefined
      alive++
      host.add(next, program)
      return next++
    }
  }
}
