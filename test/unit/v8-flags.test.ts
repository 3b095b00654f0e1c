import { execFileSync } from 'node:child_process'
import { lateFlags } from '../../src/launch/host/v8-flags.js'

it('the flags for late optimisation are those of this V8', () => {
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })
  const flags = lateFlags()
  expect(flags.length).toBeGreaterThan(0)
  for (const flag of flags) expect(known).toContain(`  ${flag.split('=')[0]} (`)
})
