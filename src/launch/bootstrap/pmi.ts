import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { ArgumentError, StartupTimeoutError } from '../../errors.js'
import type { Bootstrap } from './bootstrap.js'

/** Values of PMI-1 are of at most 1,024 bytes; a longer one is put in pieces. */
const PIECE = 800
/** The manager is on this machine, and answers the first line at once. */
const FIRST_ANSWER_MS = 10_000

/**
 * Whether a descriptor may be the manager's: Node hands none down to what it starts, and npx is Node; then the number means something
 * else.
 */
export function isSocket(fd: number): boolean {
  try {
    return fd > 2 && fstatSync(fd).isSocket()
  } catch {
    return false
  }
}

/**
 * PMI-1, which MPICH's hydra and `srun --mpi=pmi2` speak: a line for each command on a file descriptor that the process inherits.
 * Source: MPICH, doc/wiki/design/PMI-1.1; Flux RFC 13.
 */
export class Pmi implements Bootstrap {
  readonly name = 'PMI-1 over PMI_FD'
  readonly port = 0
  readonly #socket: Socket
  readonly #waiting: ((fields: Record<string, string>) => void)[] = []
  readonly #name: Promise<string>

  constructor(fd: number) {
    this.#socket = new Socket({ fd, readable: true, writable: true })
    createInterface({ input: this.#socket }).on('line', (line) => this.#waiting.shift()?.(parse(line)))
    // A launcher that is gone ends this process by itself.
    this.#socket.on('error', () => undefined)
    this.#name = this.#start()
    // Whoever asks for it hears of it.
    this.#name.catch(() => undefined)
  }

  async put(value: string): Promise<void> {
    const pieces = Math.ceil(value.length / PIECE)
    await this.#store('rxmpi', String(pieces))
    for (let k = 0; k < pieces; k++) await this.#store(`rxmpi-${k}`, value.slice(k * PIECE, (k + 1) * PIECE))
  }

  async fence(limitMs: number): Promise<void> {
    await this.#name
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        // PMI-1 does not say which.
        const text = `not all ranks have come to the fence of ${this.name} within ${limitMs / 1000} s: some have not started, or have ended`
        reject(new StartupTimeoutError(`${text}. Their launcher does not say which; rxmpi run --launcher hydra, or slurm, does`))
      }, limitMs)
    })
    await Promise.race([this.#ask('cmd=barrier_in'), late]).finally(() => clearTimeout(timer))
  }

  async get(): Promise<string> {
    const pieces = Number(await this.#fetch('rxmpi'))
    let value = ''
    for (let k = 0; k < pieces; k++) value += await this.#fetch(`rxmpi-${k}`)
    return value
  }

  abort(status: number): void {
    this.#socket.write(`cmd=abort exitcode=${status}\n`)
  }

  async finish(): Promise<void> {
    await this.#ask('cmd=finalize')
    this.#socket.destroy()
  }

  async #start(): Promise<string> {
    const { cmd } = await this.#firstAnswer()
    if (cmd !== 'response_to_init') {
      this.#socket.destroy()
      throw new ArgumentError(`what PMI_FD names has not answered as a process manager does: ${NOT_HANDED}`)
    }
    const { kvsname } = await this.#ask('cmd=get_my_kvsname')
    return kvsname ?? ''
  }

  /** Nothing, where it does not come in time. */
  async #firstAnswer(): Promise<Record<string, string>> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<Record<string, string>>((resolve) => {
      timer = setTimeout(() => resolve({}), FIRST_ANSWER_MS)
      for (const event of ['end', 'error', 'close']) this.#socket.once(event, () => resolve({}))
    })
    const answer = await Promise.race([this.#ask('cmd=init pmi_version=1 pmi_subversion=1'), late])
    clearTimeout(timer)
    return answer
  }

  async #store(key: string, value: string): Promise<void> {
    const { rc, msg } = await this.#ask(`cmd=put kvsname=${await this.#name} key=${key} value=${value}`)
    if (rc !== '0') throw new Error(`the launcher has not taken '${key}': ${msg ?? rc}`)
  }

  async #fetch(key: string): Promise<string> {
    const { rc, value, msg } = await this.#ask(`cmd=get kvsname=${await this.#name} key=${key}`)
    if (rc !== '0' || value === undefined) throw new Error(`rank 0 has not put '${key}': ${msg ?? rc}`)
    return value
  }

  #ask(command: string): Promise<Record<string, string>> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#socket.write(`${command}\n`)
    })
  }
}

/** What must have happened. */
export const NOT_HANDED = 'the process is started by way of another, as npx is, that has not handed the descriptor down'

const parse = (line: string): Record<string, string> =>
  Object.fromEntries(
    line
      .trim()
      .split(' ')
      .map((field) => [field.split('=', 1)[0], field.slice(field.indexOf('=') + 1)])
  )
