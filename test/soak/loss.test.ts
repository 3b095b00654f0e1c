import { program } from '../integration/command.js'
import { hosts, missing, rxmpiOn, ssh } from '../integration/machines.js'

jest.setTimeout(1_800_000)

const why = missing('sshd', 'iptables')
const suite = why === undefined ? describe : describe.skip
const COUNT = 2000
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

suite(`a network that loses packets${why === undefined ? '' : ` (skipped: ${why})`}`, () => {
  beforeAll(() => {
    hosts('up')
    hosts('ssh')
  })
  afterAll(() => {
    hosts('down')
  })

  it.each([0, 1, 5])('costs time and nothing else: %s %', async (percent) => {
    const rule = ['INPUT', '-i', 'e0', '-m', 'statistic', '--mode', 'random', '--probability', String(percent / 100), '-j', 'DROP']
    for (const host of ['1', '2']) if (percent > 0) hosts('exec', host, 'iptables', '-A', ...rule)
    const { status, stdout, stderr } = await rxmpiOn(['run', '--insecure', '--ssh', ssh, '--host', 'rxh1,rxh2', ranks])
    expect([status, stderr]).toEqual([0, ''])
    console.log(`${percent} % lost: ${stdout}`)
    for (const host of ['1', '2']) if (percent > 0) hosts('exec', host, 'iptables', '-D', ...rule)
  })
})
