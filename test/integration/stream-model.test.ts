import { join } from 'node:path'
import { lines, rxmpi } from './command.js'

const program = join(__dirname, '../model/programs/streams.ts')
const SEED = Number(process.env.RXMPI_MODEL_SEED ?? 0)
const COUNT = process.env.RXMPI_MODEL_SEED === undefined ? Number(process.env.RXMPI_MODEL_CASES ?? 100) : 1

describe('collectives over random streams on real threads', () => {
  it.each([2, 3, 4])(
    'show each of %i ranks what the reference says',
    async (ranks) => {
      const { status, stdout, stderr } = await rxmpi([
        'run',
        '-n',
        `${ranks}`,
        '--no-prefix',
        '--timeout',
        '100',
        program,
        `${SEED}`,
        `${COUNT}`
      ])
      expect({ stderr, out: lines(stdout) }).toEqual({ stderr: '', out: ['0 wrong'] })
      expect(status).toBe(0)
    },
    120_000
  )
})
