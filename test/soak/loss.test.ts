import { join } from 'node:path'
import { lines, program, root } from '../integration/command.js'
import { hosts, missing, on, rxmpiOn, ssh } from '../integration/machines.js'

jest.setTimeout(1_800_000)

const why = missing('sshd', 'iptables')
const suite = why === undefined ? describe : describe.skip
const COUNT = 100_000
const BYTES = 4096

/** Rank 0 sends numbered messages to rank 1, which says how long they took to come. */
const ranks = program(`
  import { COMM_WORLD as comm } from 'rxmpi'
  await comm.barrier()
  const start = performance.now()
  for (let k = 0; k < ${COUNT}; k++) {
    if (comm.rank === 0) await comm.send(new Float64Array(${BYTES / 8}).fill(k), { dest: 1 })
    else {
      const got = await comm.recv<Float64Array>({ source: 0 })
      if (got.length !== ${BYTES / 8} || got[0] !== k || got.at(-1) !== k) throw new Error('message ' + got[0] + ' came instead of ' + k)
    }
  }
  if (comm.rank === 1) console.log('ms', performance.now() - start)
  await comm.barrier()`)

/** The same by ws alone. */
const raw = program(
  `
  import { WebSocket, WebSocketServer } from ${JSON.stringify(join(root, 'node_modules/ws/wrapper.mjs'))}
  if (process.argv[2] === 'get') {
    let start, count = 0
    new WebSocketServer({ host: '10.77.0.12', port: 7000, perMessageDeflate: false }).on('connection', (socket) => {
      socket.on('message', () => {
        start ??= performance.now()
        if (++count === ${COUNT}) console.log('ms', performance.now() - start), process.exit()
      })
    })
  } else {
    const dial = () => {
      const socket = new WebSocket('ws://10.77.0.12:7000', { perMessageDeflate: false })
      socket.on('error', () => setTimeout(dial, 100))
      socket.on('close', () => process.exit())
      socket.on('open', async () => {
        for (let k = 0; k < ${COUNT}; k++) {
          const data = new Uint8Array(${BYTES})
          if (socket.bufferedAmount < 2 ** 20) socket.send(data)
          else await new Promise((resolve) => socket.send(data, resolve))
        }
      })
    }
    dial()
  }`,
  'raw.mjs'
)

const ms = (stdout: string): number => Number(/ms ([\d.]+)/.exec(lines(stdout).join('\n'))![1])

suite(`a network that loses packets${why === undefined ? '' : ` (skipped: ${why})`}`, () => {
  beforeAll(() => {
    hosts('up')
    hosts('ssh')
  })
  afterAll(() => {
    hosts('down')
  })

  const node = process.execPath
  it.each([0, 1, 5])('costs time and nothing else: %s %', async (percent) => {
    const rule = ['INPUT', '-i', 'e0', '-m', 'statistic', '--mode', 'random', '--probability', String(percent / 100), '-j', 'DROP']
    for (const host of ['1', '2']) if (percent > 0) hosts('exec', host, 'iptables', '-A', ...rule)
    const times = { ours: [] as number[], ws: [] as number[] }
    for (let k = 0; k < 3; k++) {
      const { status, stdout, stderr } = await rxmpiOn(['run', '--insecure', '--ssh', ssh, '--host', 'rxh1,rxh2', ranks])
      expect([status, stderr]).toEqual([0, ''])
      times.ours.push(ms(stdout))
      const [got] = await Promise.all([on(2, [node, raw, 'get']), on(1, [node, raw, 'send'])])
      times.ws.push(ms(got.stdout))
    }
    for (const host of ['1', '2']) if (percent > 0) hosts('exec', host, 'iptables', '-D', ...rule)
    const [ours, ws] = [times.ours, times.ws].map((all) => (COUNT * BYTES) / 1000 / all.sort((a, b) => a - b)[1]!)
    console.log(`${percent} % lost: ${ours!.toFixed(0)} MB/s, ws alone ${ws!.toFixed(0)} MB/s`)
    expect(ours! / ws!).toBeGreaterThan(0.5)
  })
})
