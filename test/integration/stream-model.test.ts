import { join } from 'node:path'
import { rxmpi } from './command.js'

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
        '--quiet',
        '--timeout',
        '100',
        program,
        `${SEED}`,
        `${COUNT}`
      ])
      // As it is printed, so that it can be read.
      if (stdout !== '0 wrong\n') throw new Error(`${stdout}${stderr}`)
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    },
    120_000
  )
})
