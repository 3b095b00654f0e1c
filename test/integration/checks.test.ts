import { launch } from '../../src/launch/index.js'
import { program, rxmpi } from './command.js'

const torn = `import { COMM_WORLD as comm } from 'rxmpi'
const field = new Float64Array(100_000)
const noted = async (name: string, work: () => Promise<unknown>) => {
  try {
    await work()
    console.log(name + ' passes')
  } catch (error) {
    console.log(name + ' ' + (error as Error).name + ' ' + (error as Error).message.replace(/\\S*\\//g, ''))
  }
}
if (comm.rank === 0) {
  const sent = comm.isend(field, { dest: 1 })
  field[0] = 1
  await noted('isend', () => sent.wait())
  const into = new Float64Array(1)
  const received = comm.irecv({ source: 1, into })
  into[0] = 1
  await comm.send('go', { dest: 1 })
  await noted('irecv', () => received.wait())
} else {
  await comm.recv()
  await comm.recv()
  await comm.send(Float64Array.of(1), { dest: 0 })
}
for (let k = 0; k < 3; k++) {
  const all = new Float64Array(comm.size)
  await noted('iallgather ' + k, () => comm.iallgather(Float64Array.of(comm.rank), { into: all }).wait())
}
`

const race = `import { COMM_WORLD as comm } from 'rxmpi'
if (comm.rank > 0) await comm.send(comm.rank, { dest: 0 })
else for (let k = 1; k < comm.size; k++) await comm.recv()
`

const passed = [0, 1, 2].map((k) => `iallgather ${k} passes`)

describe('a job that is checked', () => {
  /** What each call has come to, by rank. */
  async function outcomes(...options: string[]): Promise<string[]> {
    const { stdout } = await rxmpi(['run', '-n', '2', '--timeout', '60', ...options, program(torn, 'torn.ts')])
    return stdout.split('\n').filter(Boolean)
  }

  it('fails calls whose memory is changed, and names both lines', async () => {
    const all = await outcomes('--check')
    expect(all.filter((line) => line.startsWith('[0]'))).toEqual([
      expect.stringMatching(
        /^\[0\] isend AliasError data: it was changed while this send was under way, called at torn\.ts:12:21; .* at torn\.ts:5:5\)/
      ),
      expect.stringMatching(
        /^\[0\] irecv AliasError into: it was written to while this recv was under way, called at torn\.ts:16:25; .* at torn\.ts:5:5\)/
      ),
      ...passed.map((line) => `[0] ${line}`)
    ])
    expect(all.filter((line) => line.startsWith('[1]'))).toEqual(passed.map((line) => `[1] ${line}`))
  })

  it('is not, where nobody says so', async () => {
    expect((await outcomes()).filter((line) => !line.endsWith(' passes'))).toEqual([])
  })

  it('says at the end which receives could have had messages of several senders, as the environment has it, too', async () => {
    const { stderr, status } = await rxmpi(['run', '-n', '3', '--env', 'RXMPI_CHECK=races', program(race, 'race.ts')])
    expect(stderr).toMatch(
      /^\[0\] rxmpi: rank 0 had a receive that could have matched messages of several senders, at \S*race\.ts:3:\d+: rank 1, tag 0; rank 2, tag 0\n$/
    )
    expect(status).toBe(0)
  })

  it.each(['check', 'races'])('takes true and false for %s', async (name) => {
    await expect(launch({ ranks: 1, program: program(race, 'race.ts'), [name]: 'yes' })).rejects.toThrow(
      `${name} was yes: expected true or false`
    )
  })
})
