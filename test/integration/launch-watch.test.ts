import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { program, project, rxmpi, start } from './command.js'

describe('--watch', () => {
  it('runs again when a file that the program imports changes, ends a running job as an interrupt does, and keeps input and statuses', async () => {
    const main = `import { COMM_WORLD as comm } from 'rxmpi'
import { text } from 'node:stream/consumers'
import { word } from './lib.ts'
console.log(word)
if (word === 'one' && comm.rank === 0) console.log(await text(process.stdin))
if (word === 'two') {
  process.on('SIGINT', () => {
    console.log('cleaned up')
    process.exit(3)
  })
  setInterval(() => undefined, 1000)
}
if (word === 'three') process.exit(5)
`
    const cwd = project({ 'main.ts': main, 'lib.ts': "export const word = 'one'\n" })
    const child = start(['run', '-n', '1', '--watch', '--no-prefix', 'main.ts'], { cwd })
    let said = ''
    let heard = (): void => undefined
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        said += chunk
        heard()
      })
    }
    const until = (pattern: RegExp): Promise<void> =>
      new Promise((resolve) => {
        heard = () => {
          if (pattern.test(said)) resolve()
        }
        heard()
      })
    const save = (text: string): void => writeFileSync(join(cwd, 'lib.ts'), text)

    child.stdin.end('typed')
    await until(/^one\ntyped\nrxmpi: ended with status 0; runs again when one of 2 files changes, Ctrl-C ends$/m)
    save("export const word = 'two'\n")
    await until(/^rxmpi: lib\.ts has changed: runs again\ntwo$/m)
    save("export const word = 'three'\n")
    await until(/^rxmpi: lib\.ts has changed: ends the job and runs again\ncleaned up\nthree$/m)
    await until(/^rxmpi: ended with status 5; runs again/m)
    save('export const wo rd\n')
    await until(/Expected ";" but found "rd"[\s\S]*^rxmpi: ended with status 1; runs again/m)
    save("export const word = 'two'\n")
    await until(/has changed: runs again\ntwo\n$/)
    const status = new Promise((resolve) => child.on('exit', resolve))
    child.kill('SIGINT')
    expect(await status).toBe(130)
    expect(said).toMatch(/cleaned up\n$/)
  })

  it('is refused where it cannot be', async () => {
    const run = await rxmpi(['run', '-n', '1', '--watch', '--dry-run', program('')])
    expect(run).toMatchObject({ status: 2, stderr: expect.stringContaining("option '--watch' cannot be used with option '--dry-run'") })
  })
})
