import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ignoreElements, map, merge, type Observable, take, tap } from 'rxjs'
import type { Communicator } from '../../src/communicator/communicator.js'
import { asDrawn, drawn } from './drawn.js'

describe('a drawing', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rxmpi-drawn-'))
  const file = join(directory, 'shift.ts')
  const draw = (...lines: string[]): void =>
    writeFileSync(file, ['/**', ' * Words.', ' *', ...lines.map((line) => ` *     ${line}`), ' *', ' * More.', ' */'].join('\n'))
  afterAll(() => rmSync(directory, { recursive: true }))

  /** Sends a rank's letters to the next, which passes on two of them. */
  const shift = (comm: Communicator, source: Observable<string>) => {
    const sent = source.pipe(
      tap((letter) => comm.isend(letter, { dest: (comm.rank + 1) % comm.size })),
      ignoreElements()
    )
    return merge(sent, comm.messages<string>()).pipe(
      map(({ data }) => data),
      take(2)
    )
  }

  it('is found by its labels', () => {
    draw(
      'isend(a)   (u|)',
      'irecv()  --(a|)',
      '',
      'rank 0 (root)  source --a--b--|     out --a--b--|',
      'rank 1         source (ignored)     out ---a--b--|'
    )
    expect(drawn(file, 'isend(a)')).toEqual(['(u|)'])
    expect(drawn(file, 'source', 'rank 0 / out', 'rank 1 / out')).toEqual(['--a--b--|', '--a--b--|', '---a--b--|'])
    expect(drawn(file, 'rank 1 / source')).toEqual(['(ignored)'])
    expect(() => drawn(file, 'nothing')).toThrow(`${file} draws no 'nothing'`)
    expect(() => drawn(file, 'irecv()', 'source')).toThrow(`'irecv()' and 'source' in no one drawing`)
  })

  it('can be run on the ranks that it draws', () => {
    draw('rank 0 (first)   source a--b|   out --c-(d|)', 'rank 1           source -c-d|   out -a--(b|)')
    asDrawn(file, { latency: 1 }, shift)
  })

  it('is wrong when something else comes out', () => {
    draw('rank 0   source a--b|   out -c-(d|)', 'rank 1   source -c-d|   out -a--(b|)')
    expect(() => asDrawn(file, { latency: 1 }, shift)).toThrow(/expected {2}-c-\(d\|\)\n {2}actual/)
    draw('rank 1   source -c-d|   out -a--(b|)')
    expect(() => asDrawn(file, { latency: 1 }, shift)).toThrow(`expected 'rank 0 … out …'`)
    draw('isend(a)   (u|)')
    expect(() => asDrawn(file, { latency: 1 }, shift)).toThrow('has no drawing 0')
  })
})
