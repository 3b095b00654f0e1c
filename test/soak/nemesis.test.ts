import { execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { integer, random } from '../../testing/compliance/random.js'
import { ended, program, start } from '../integration/command.js'

/** `RXMPI_SOAK_MINUTES=60 npm run soak`: an hour of each; a fraction will do for a try. */
const MINUTES = Number(process.env.RXMPI_SOAK_MINUTES ?? 5)
const SEED = Number(process.env.RXMPI_SOAK_SEED ?? 1)

jest.setTimeout((MINUTES + 5) * 60_000)

/**
 * All ranks draw the same steps from one seed: collectives of all kinds and messages in all directions, of random sizes. Each result is
 * checked where it comes: the messages between two ranks are numbered, so one that is lost, comes twice or overtakes is seen at once.
 */
const mixed = `
  import { readdirSync } from 'node:fs'
  import { COMM_WORLD as comm, MAX } from 'rxmpi'
  const { rank, size } = comm
  let state = ${SEED}
  const draw = (most: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * most)
  }
  const check = (step: number, what: string, got: unknown, expected: unknown): void => {
    if (got !== expected) throw new Error('VIOLATION in step ' + step + ': ' + what + ' gave ' + got + ' and not ' + expected)
  }
  const sum = (size * (size - 1)) / 2
  const sent = Array(size).fill(0)
  const received = Array(size).fill(0)
  const begun = performance.now()
  let said = 0
  let longest = 0
  console.log('process', process.pid)
  for (let step = 0; ; step++) {
    const start = performance.now()
    const count = 1 << draw(16)
    const root = draw(size)
    switch (draw(9)) {
      case 0: {
        const got = await comm.allreduce(new Float64Array(count).fill(rank + step))
        check(step, 'allreduce', got[0], sum + size * step)
        check(step, 'allreduce', got[count - 1], sum + size * step)
        break
      }
      case 1: {
        const got = await comm.bcast(rank === root ? { step, data: new Int32Array(count).fill(step) } : undefined, { root })
        check(step, 'bcast', got!.step, step)
        check(step, 'bcast', got!.data[count - 1], step | 0)
        break
      }
      case 2:
        check(step, 'allgather', (await comm.allgather([step, rank])).join(), Array.from({ length: size }, (_, k) => [step, k]).join())
        break
      case 3: {
        const got = await comm.alltoall(Array.from({ length: size }, (_, k) => [rank, k, step]))
        check(step, 'alltoall', got.join(), Array.from({ length: size }, (_, k) => [k, rank, step]).join())
        break
      }
      case 4:
        check(step, 'scan', await comm.scan(rank + step), (rank * (rank + 1)) / 2 + step * (rank + 1))
        break
      case 5:
        check(step, 'reduce', await comm.reduce(rank === root ? step + size : rank, MAX, { root }), rank === root ? step + size : undefined)
        break
      case 6:
        await comm.barrier()
        break
      case 7: {
        // Everybody to everybody.
        const burst = 1 + draw(50)
        const bytes = 8 + draw(20_000)
        const sends = []
        for (let k = 0; k < burst; k++)
          for (let dest = 0; dest < size; dest++) {
            const data = new Uint8Array(bytes + k).fill(sent[dest] & 255)
            new DataView(data.buffer).setFloat64(0, sent[dest]++)
            sends.push(comm.isend(data, { dest, tag: 1 }))
          }
        for (let k = 0; k < burst; k++)
          for (let source = 0; source < size; source++) {
            const data = await comm.recv<Uint8Array>({ source, tag: 1 })
            check(step, 'bytes from ' + source, data.length, bytes + k)
            check(step, 'number from ' + source, new DataView(data.buffer, data.byteOffset).getFloat64(0), received[source])
            check(step, 'content from ' + source, data.length > 8 ? data[data.length - 1] : received[source] & 255, received[source]++ & 255)
          }
        for (const send of sends) await send.wait()
        break
      }
      case 8: {
        // Whoever comes first.
        const messages = draw(100)
        if (rank !== root) for (let k = 0; k < messages; k++) await comm.send({ source: rank, number: sent[root]++ }, { dest: root, tag: 2 })
        else
          for (let k = 0; k < messages * (size - 1); k++) {
            const { source, number } = await comm.recv<{ source: number; number: number }>({ tag: 2 })
            check(step, 'number from ' + source, number, received[source]++)
          }
        break
      }
    }
    const now = performance.now()
    longest = Math.max(longest, now - start)
    if (now - said > 5000) {
      said = now
      const counts = [readdirSync('/proc/self/fd').length, readdirSync('/proc/self/task').length]
      console.log(JSON.stringify({ rank, step, seconds: Math.round((now - begun) / 1000), mb: Math.round(process.memoryUsage.rss() / 2 ** 20), counts, longest: Math.round(longest) }))
      longest = 0
    }
    if (step % 20 === 0 && (await comm.bcast(rank === 0 ? now - begun > ${MINUTES * 60_000} : undefined))) break
  }
  console.log('done')
`

interface Said {
  rank: number
  step: number
  seconds: number
  mb: number
  counts: [fds: number, threads: number]
  longest: number
}

/** The slope of a line through points, by least squares. */
function slope(points: [number, number][]): number {
  const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length
  const [mx, my] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))]
  return points.reduce((a, [x, y]) => a + (x - mx) * (y - my), 0) / points.reduce((a, [x]) => a + (x - mx) ** 2, 0)
}

const connectionsOf = (pids: number[]): number[] => {
  const listed = execFileSync('ss', ['-tnpH', 'state', 'established'], { encoding: 'utf8' })
  return listed
    .split('\n')
    .filter((line) => pids.some((pid) => line.includes(`pid=${pid},`)))
    .map((line) => Number(/:(\d+)\s/.exec(line)?.[1]))
}

const linux = process.platform === 'linux' ? it : it.skip

linux.each([
  ['two hosts of several ranks', 'localhost:2,localhost:2'],
  ['ranks that are alone in their processes', 'localhost:1,localhost:1,localhost:1']
])(`mixed work on %s, ${MINUTES} minutes, while processes stop and connections break: nothing is lost, nothing grows`, async (_, where) => {
  const child = start(['run', '--host', where, '--no-prefix', program(mixed)], { env: { RXMPI_SHARED_MEMORY: '0' } })
  const over = ended(child)
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  let running = true
  void over.then(() => {
    running = false
  })
  const next = random(SEED)
  const did: Record<string, number> = { stop: 0, reset: 0, strangers: 0 }
  let refusal = ''
  const size = where.split(',').reduce((sum, host) => sum + Number(host.split(':')[1]), 0)
  while (running && output.split('process').length <= size) await sleep(100)
  const pids = [...new Set([...output.matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid)))]
  const nemesis: (() => Promise<void>)[] = [
    async () => {
      const pid = pids[integer(next, 0, pids.length - 1)]!
      process.kill(pid, 'SIGSTOP')
      await sleep(integer(next, 50, 1500))
      process.kill(pid, 'SIGCONT')
      did.stop++
    },
    async () => {
      const ports = connectionsOf(pids)
      const port = ports[integer(next, 0, ports.length - 1)]
      if (port === undefined) return
      try {
        execFileSync('ss', ['-K', 'sport', '=', `:${port}`], { stdio: 'pipe' })
        did.reset++
      } catch (error) {
        refusal = (error as Error).message
      }
    },
    async () => {
      const listening = execFileSync('ss', ['-tlnpH'], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => pids.some((pid) => line.includes(`pid=${pid},`)))
      const port = /:(\d+)\s/.exec(listening[integer(next, 0, listening.length - 1)] ?? '')?.[1]
      if (port === undefined) return
      const script = join(__dirname, '../reliability/strangers.mjs')
      const crowd = spawn(process.execPath, [script, next() < 0.5 ? 'claim' : 'noise', port, '0.5'], { stdio: 'ignore' })
      await new Promise((resolve) => crowd.on('close', resolve))
      did.strangers++
    }
  ]
  while (running) {
    await sleep(integer(next, 100, 3000))
    if (!running || output.includes('done')) break
    try {
      await nemesis[integer(next, 0, nemesis.length - 1)]!()
    } catch (error) {
      // It may have ended meanwhile.
      if (running && (error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  const { status, stdout, stderr } = await over
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout.match(/^done$/gm)).toHaveLength(size)
  const said = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Said)
  // The first third warms up.
  const late = said.filter(({ rank, seconds }) => rank === 0 && seconds > 20 * MINUTES)
  const growth = slope(late.map(({ seconds, mb }) => [seconds / 60, mb]))
  const longest = Math.max(...said.map((line) => line.longest))
  const spread = [0, 1].map((k) => {
    const counts = late.map(({ counts }) => counts[k]!)
    return `${Math.min(...counts)} to ${Math.max(...counts)}`
  })
  console.log(
    `${where}: ${said.at(-1)!.step} steps; ${JSON.stringify(did)} ${refusal}; ${growth.toFixed(2)} MB a minute of ${late.at(-1)!.mb}; descriptors ${spread[0]}, threads ${spread[1]}; longest step ${longest} ms; MB: ${said
      .filter(({ rank }) => rank === 0)
      .map(({ mb }) => mb)
      .join(' ')}`
  )
  // A process that is stopped, and a connection that is made anew.
  expect(longest).toBeLessThan(12_000)
  if (MINUTES >= 5) expect(growth).toBeLessThan(1)
})
