import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { createConnection, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { debug } from '../../diagnostics/debug.js'

/**
 * Where a running job can be asked by its user: a UNIX socket named after the launcher's process, in a directory that only the user may
 * enter.
 */

/** What a job is asked. */
export type JobQuestion = { what: 'about' } | { what: 'waits' } | { what: 'log'; last: number }

export interface JobAnswers {
  about: JobFacts
  /** A line or more for each rank. */
  waits: readonly string[]
  log: readonly string[]
}

export interface JobFacts {
  /** The number of the launcher's process. */
  job: number
  program: string
  args: readonly string[]
  ranks: number
  /** Those that have not ended. */
  alive: number
  /** Seconds. */
  age: number
}

const NAME = /^(\d+)\.sock$/
const ANSWER_MS = 5000
const MOST_QUESTION = 1000

function directory(): string {
  const { XDG_RUNTIME_DIR: runtime } = process.env
  return runtime === undefined || runtime === '' ? join(tmpdir(), `rxmpi-${process.getuid!()}`) : join(runtime, 'rxmpi')
}

/** Whether nobody else can have put anything there. */
function isPrivate(path: string): boolean {
  const found = lstatSync(path)
  return found.isDirectory() && found.uid === process.getuid!() && (found.mode & 0o077) === 0
}

/** Answers until it is closed. A job that nobody can ask runs all the same. */
export function listen(answer: (question: JobQuestion) => Promise<JobAnswers[keyof JobAnswers]>): { close(): void } {
  let server: Server | undefined
  const path = join(directory(), `${process.pid}.sock`)
  try {
    mkdirSync(directory(), { recursive: true, mode: 0o700 })
    if (!isPrivate(directory())) throw new Error('others can write to its directory')
    rmSync(path, { force: true })
    server = createServer({ allowHalfOpen: true }, (socket) => {
      let question = ''
      socket.setEncoding('utf8')
      socket.on('error', () => undefined)
      socket.on('data', (chunk: string) => {
        question += chunk
        if (question.length > MOST_QUESTION) socket.destroy()
      })
      socket.on('end', () => {
        Promise.resolve()
          .then(() => answer(JSON.parse(question) as JobQuestion))
          .then(
            (found) => socket.end(JSON.stringify(found)),
            () => socket.destroy()
          )
      })
    })
    server.on('error', (error) => debug('no socket for rxmpi ps: %s', error.message))
    server.listen(path, () => chmodSync(path, 0o600))
    server.unref()
  } catch (error) {
    debug('no socket for rxmpi ps: %s', (error as Error).message)
  }
  return { close: () => server?.close() }
}

/** The jobs of this user that run, by the number of their process. */
export async function jobs(): Promise<JobFacts[]> {
  let names: string[] = []
  try {
    if (isPrivate(directory())) names = readdirSync(directory())
  } catch {
    // There has never been one.
  }
  const ids = names.flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number)
  const answers = await Promise.all(ids.sort((a, b) => a - b).map((job) => ask(job, { what: 'about' }).catch(() => undefined)))
  return answers.filter((facts) => facts !== undefined)
}

/** Asks one; rejects where there is none. */
export async function ask<Q extends JobQuestion>(job: number, question: Q): Promise<JobAnswers[Q['what']]> {
  const path = join(directory(), `${job}.sock`)
  const socket = createConnection(path)
  socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error(`job ${job} does not answer`)))
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // Its process was killed, and has left it.
    if (error.code === 'ECONNREFUSED') rmSync(path, { force: true })
  })
  socket.end(JSON.stringify(question))
  return JSON.parse(await text(socket)) as JobAnswers[Q['what']]
}
