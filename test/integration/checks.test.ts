import { launch } from '../../src/launch/index.js'
import { program, rxmpi } from './command.js'

const torn = `import { COMM_WORLD as comm } from 'rxmpi'
const failures: string[] = []
const field = new Float64Array(100_000)
const noted = async (name: string, work: () => Promise<unknown>) => {
  try {
    await work()
    failures.push(name + ' passes')
  } catch (error) {
    failures.push(name + ' ' + (error as Error).name + ' ' + (error as Error).message.replace(/\\S*\\//g, ''))
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
export default failures
`

const race = `import { COMM_WORLD as comm } from 'rxmpi'
if (comm.rank > 0) await comm.send(comm.rank, { dest: 0 })
else for (let k = 1; k < comm.size; k++) await comm.recv()
`

const passed = [0, 1, 2].map((k) => `iallgather ${k} passes`)

describe('a job that is checked', () => {
  it('fails calls whose memory is changed, and names both lines', async () => {
    const [first, second] = await launch<string[]>({ ranks: 2, program: program(torn, 'torn.ts'), check: true })
    expect(first).toEqual([
      expect.stringMatching(
        /^isend AliasError data: it was changed while this send was under way, called at torn\.ts:13:21; .* at torn\.ts:15:/
      ),
      expect.stringMatching(
        /^irecv AliasError into: it was written to while this recv was under way, called at torn\.ts:17:25; .* at torn\.ts:20:/
      ),
      ...passed
    ])
    expect(second).toEqual(passed)
  })

  it('is not, where nobody says so', async () => {
    expect((await launch<string[]>({ ranks: 2, program: program(torn, 'torn.ts') }))[0]).toEqual([
      'isend passes',
      'irecv passes',
      ...passed
    ])
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
