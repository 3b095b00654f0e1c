import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { StartupTimeoutError } from '../../errors.js'
import type { Bootstrap } from './bootstrap.js'

/** Values of PMI-1 are of at most 1,024 bytes; a longer one is put in pieces. */
const PIECE = 800

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
  }

  async put(value: string): Promise<void> {
    const pieces = Math.ceil(value.length / PIECE)
    await this.#store('rxmpi', String(pieces))
    for (let k = 0; k < pieces; k++) await this.#store(`rxmpi-${k}`, value.slice(k * PIECE, (k + 1) * PIECE))
  }

  async fence(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        // PMI-1 does not say which.
        const text = `not all ranks have come to the fence of ${this.name} within ${limitMs / 1000} s: some have not started, or have ended`
        reject(new StartupTimeoutError(`${text}. Their launcher does not say which; rxmpi run --launcher hydra, or slurm, does`))
      }, limitMs)
    })
    await this.#name
    await Promise.race([this.#ask('cmd=barrier_in'), late])
    clearTimeout(timer)
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
    await this.#ask('cmd=init pmi_version=1 pmi_subversion=1')
    const { kvsname } = await this.#ask('cmd=get_my_kvsname')
    return kvsname ?? ''
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

const parse = (line: string): Record<string, string> =>
  Object.fromEntries(
    line
      .trim()
      .split(' ')
      .map((field) => [field.split('=', 1)[0], field.slice(field.indexOf('=') + 1)])
  )
