import { execFileSync } from 'node:child_process'

/** Changing a public name is a decision. */
function namesOf(entry: string): string[] {
  const program = `import(${JSON.stringify(entry)}).then((module) => console.log(JSON.stringify(Object.keys(module).sort())))`
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' }))
}

describe('the public names', () => {
  it.each(['rxmpi', 'rxmpi/operators', 'rxmpi/testing', 'rxmpi/launch', 'rxmpi/pool', 'rxmpi/layout', 'rxmpi/npy', 'rxmpi/sync'])(
    '%s',
    (entry) => {
      expect(namesOf(entry)).toMatchSnapshot()
    }
  )
})
