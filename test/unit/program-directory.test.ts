import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { ProgramDirectory, sweepDead } from '../../src/launch/compile/program-directory.js'

let temporary: string
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'rxmpi-test-'))
})
afterEach(() => rmSync(temporary, { recursive: true, force: true }))

/** A directory as another process would have named it. */
function left(pid: number, start?: string): string {
  const mine = new ProgramDirectory(temporary)
  const [, machine, , started] = basename(mine.path).split('-')
  mine.remove()
  const path = join(temporary, `rxmpi-${machine}-${pid}-${start ?? started}-abcdef`)
  mkdirSync(path)
  writeFileSync(join(path, 'program.mjs'), '')
  return path
}

describe('what a killed run has left', () => {
  const dead = spawnSync('true').pid

  it('is removed by the next', async () => {
    const path = left(dead)
    expect(await sweepDead(temporary)).toEqual([path])
    expect(readdirSync(temporary)).toEqual([])
  })

  it('is removed though another process has its number now', async () => {
    const path = left(process.pid, '1')
    expect(await sweepDead(temporary)).toEqual([path])
  })

  it('is left alone where its process lives, it is a link, of another machine, or of nobody known', async () => {
    const mine = new ProgramDirectory(temporary)
    const other = mkdtempSync(join(temporary, 'other-'))
    const kept = join(other, 'kept')
    writeFileSync(kept, '')
    const path = left(dead)
    rmSync(path, { recursive: true })
    symlinkSync(other, path)
    const elsewhere = join(temporary, `rxmpi-00000000-${dead}-1-abcdef`)
    mkdirSync(elsewhere)
    mkdirSync(join(temporary, 'rxmpi-abcdef'))
    expect(await sweepDead(temporary)).toEqual([])
    expect([mine.path, kept, elsewhere, path].every((each) => existsSync(each))).toBe(true)
    mine.remove()
  })

  const root = process.getuid?.() === 0
  ;(root ? it : it.skip)(`is left alone where it is another user's${root ? '' : ' (skipped: no root)'}`, async () => {
    const path = left(dead)
    spawnSync('chown', ['12345', path])
    expect(await sweepDead(temporary)).toEqual([])
    expect(existsSync(path)).toBe(true)
  })
})
