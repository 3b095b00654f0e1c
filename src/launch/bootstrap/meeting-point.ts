import { createHash } from 'node:crypto'
import type { Card } from '../protocol/host-protocol.js'
import type { Bootstrap } from './bootstrap.js'

/** An address that everybody works out from the environment, where rank 0 listens; the token is in the environment as well. */
export class MeetingPoint implements Bootstrap {
  readonly name: string
  readonly port: number
  readonly #card: Card

  constructor(host: string, port: number, token: string, job: string) {
    this.name = `rank 0 at ${host}:${port}`
    this.port = port
    // Of a token in any form 32 bytes are made.
    const key = createHash('sha256').update(token).digest('base64url')
    this.#card = { job, token: key, addresses: [host], port }
  }

  get card(): Card {
    return this.#card
  }

  async put(): Promise<void> {}

  async fence(): Promise<void> {}

  async get(): Promise<string> {
    return JSON.stringify(this.#card)
  }

  abort(): void {}

  async finish(): Promise<void> {}
}
