import { basename, dirname, join } from 'node:path'
import { catchError, concatMap, map, type Observable, of, tap } from 'rxjs'
import { called } from '../service/called.js'
import { fileError } from './failure.js'
import type { FileStat, FileSystem } from './file-system.js'

/** Files that this thread has begun. */
let begun = 0

/**
 * A file that is to take the place of another: it is written under a hidden name beside it, and renamed when all is well, which a file
 * system does at once or not at all.
 */
export class Replacement {
  readonly #system: FileSystem
  /** The path, links followed: a link stays one. */
  readonly #target: string
  /** Where it is written. */
  readonly temporary: string
  /** The permissions of the file that it replaces. */
  readonly mode: number | undefined
  #over = false

  private constructor(system: FileSystem, target: string, temporary: string, mode: number | undefined) {
    this.#system = system
    this.#target = target
    this.temporary = temporary
    this.mode = mode
    system.keepTemporary(temporary, true)
  }

  /** Finds a name, and removes what jobs that were killed have left of earlier ones. */
  static begin(system: FileSystem, path: string): Observable<Replacement> {
    const real = called<string>((done) => system.realPath(path, done)).pipe(catchError(() => of(path)))
    return real.pipe(
      concatMap((target) => sweep(system, target).pipe(map(() => target))),
      concatMap((target) => permissionsOf(system, target).pipe(map((mode) => ({ target, mode })))),
      map(({ target, mode }) => new Replacement(system, target, hiddenName(target, system.owner, ++begun), mode))
    )
  }

  /** Puts it in the place of the old file, for good. All that was written to it is on the device. */
  finish(): Observable<void> {
    const { temporary } = this
    return called<void>((done) => this.#system.rename(temporary, this.#target, done)).pipe(
      tap(() => this.#end()),
      concatMap(() => called<void>((done) => this.#system.syncDirectory(dirname(this.#target), done))),
      catchError((error) => {
        throw fileError('cannot replace', this.#target, error)
      })
    )
  }

  /** The old file stays. */
  discard(): void {
    if (this.#over) return
    this.#over = true
    this.#system.remove(this.temporary, () => this.#system.keepTemporary(this.temporary, false))
  }

  #end(): void {
    this.#over = true
    this.#system.keepTemporary(this.temporary, false)
  }
}

const hiddenName = (path: string, owner: string, number: number): string => join(dirname(path), `.${basename(path)}.${owner}.${number}.tmp`)

/** Of the file that is there; none where there is none. */
function permissionsOf(system: FileSystem, path: string): Observable<number | undefined> {
  const flags = { read: true, write: false, create: false, exclusive: false, truncate: false }
  return called<FileStat>((done) =>
    system.open(path, flags, undefined, (error, file) => {
      if (error !== null) return done(error, undefined as never)
      file.stat((failure, stat) => file.close(() => done(failure, stat)))
    })
  ).pipe(
    map(({ mode }) => mode),
    catchError(() => of(undefined))
  )
}

/** Removes the hidden files for this path of those who are no more. That it does not work out is nobody's trouble. */
function sweep(system: FileSystem, path: string): Observable<unknown> {
  const start = `.${basename(path)}.`
  const ownerIn = (name: string): string | undefined =>
    name.startsWith(start) ? /^(.+)\.\d+\.tmp$/.exec(name.slice(start.length))?.[1] : undefined
  return called<string[]>((done) => system.list(dirname(path), done)).pipe(
    map((names) => {
      for (const name of names) {
        const owner = ownerIn(name)
        if (owner !== undefined && system.isOrphaned(owner)) system.remove(join(dirname(path), name), () => undefined)
      }
    }),
    catchError(() => of(undefined))
  )
}
