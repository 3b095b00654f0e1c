/** Looks at the page of a running job: in Chromium, where that and playwright-core are installed, and by a client that measures what comes. */

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { median } from './median.js'
import type { Figure } from './plan.js'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
const ADDRESS = /look at this job at (http:\S+)\n/
/** The first pictures are of ranks that are being started. */
const SKIPPED = 4

/** What is looked at here of a picture. */
interface Picture {
  readonly status?: number
  readonly ranks: readonly { readonly state: string; readonly answered: number }[]
}

interface Browser {
  newPage(): Promise<{ goto(url: string): Promise<unknown> }>
  close(): Promise<void>
}

async function browser(): Promise<Browser | undefined> {
  const found = CHROMIUM === undefined ? undefined : await import('playwright-core').catch(() => undefined)
  if (found === undefined) console.error('Chromium or playwright-core was not found, so the page is sent to a client that draws nothing.')
  return await found?.chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
}

export class Viewer {
  readonly #browser: Browser | undefined
  #said = ''
  #seen: Promise<void> | undefined
  /** When each picture came, how old the oldest of its figures was then, and what the job's process had of memory. */
  readonly #pictures: { readonly at: number; readonly age: number; readonly megabytes: number }[] = []

  constructor(browser?: Browser) {
    this.#browser = browser
  }

  static async open(): Promise<Viewer> {
    return new Viewer(await browser())
  }

  /** What the command with that process writes, in which the address of its page is. */
  hear(text: string, process: number): void {
    this.#said += text
    const [, address] = ADDRESS.exec(this.#said) ?? []
    if (address === undefined || this.#seen !== undefined) return
    this.#seen = Promise.all([this.#look(address, process), this.#show(address)]).then(() => undefined)
  }

  close(): Promise<void> | undefined {
    return this.#browser?.close()
  }

  /** Once the job is over. In ms, the growth in MB. */
  async figures(): Promise<Figure[]> {
    await this.#seen
    const pictures = this.#pictures.slice(SKIPPED)
    if (pictures.length < 2 * SKIPPED) throw new Error(`the page was sent ${this.#pictures.length} pictures: too few to say anything`)
    const memory = pictures.map(({ megabytes }) => megabytes)
    const third = Math.ceil(memory.length / 3)
    return [
      { row: 'interval', value: median(pictures.slice(1).map(({ at }, k) => at - pictures[k].at)) },
      { row: 'age', value: median(pictures.map(({ age }) => age)) },
      { row: 'oldest', value: Math.max(...pictures.map(({ age }) => age)) },
      { row: 'growth', value: median(memory.slice(-third)) - median(memory.slice(0, third)) }
    ]
  }

  async #show(address: string): Promise<void> {
    const page = await this.#browser?.newPage()
    await page?.goto(address)
  }

  async #look(address: string, process: number): Promise<void> {
    const { body } = await fetch(`${address}events`)
    let text = ''
    for await (const part of body!.pipeThrough(new TextDecoderStream())) {
      const events = `${text}${part}`.split('\n\n')
      text = events.pop()!
      for (const event of events) this.#take(JSON.parse(event.slice('data: '.length)), process)
    }
  }

  #take({ status, ranks }: Picture, process: number): void {
    if (status !== undefined || ranks.length === 0 || ranks.some(({ state }) => state === 'ended')) return
    const age = Date.now() - Math.min(...ranks.map(({ answered }) => answered))
    const kilobytes = Number(execFileSync('ps', ['-o', 'rss=', '-p', String(process)], { encoding: 'utf8' }))
    this.#pictures.push({ at: performance.now(), age, megabytes: kilobytes / 1000 })
  }
}
