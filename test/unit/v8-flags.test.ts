import { execFileSync } from 'node:child_process'
import { optimisation } from '../../src/launch/host/v8-flags.js'

describe('the flags for late optimisation', () => {
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })
  const { late, usual } = optimisation()

  it('are those of this V8', () => {
    expect(late.length).toBeGreaterThan(0)
    for (const flag of late) expect(known).toContain(`  ${flag.split('=')[0]} (`)
  })

  it('go back to what this V8 has by default', () => {
    expect(usual.map((flag) => flag.split('=')[0])).toEqual(late.map((flag) => flag.split('=')[0]))
    for (const flag of usual) expect(known).toContain(`default: ${flag}\n`)
  })
})
