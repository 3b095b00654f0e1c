import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { type Browser, chromium, type Page } from 'playwright-core'
import { anotherSecret } from '../secrets.js'
import { ended, root, start } from './command.js'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
const suite = executablePath === undefined ? describe.skip : describe

suite(`in a browser${executablePath === undefined ? ' (skipped: no Chromium; test/hosts/install.sh installs it)' : ''}`, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] })
  })
  afterAll(() => browser.close())

  /** Red, of 0 to 255, of one point of the plate: how hot it is there. */
  const redAt = (page: Page, x: number, y: number): Promise<number> =>
    page.$eval('canvas', (canvas, [x, y]) => (canvas as unknown as Canvas).getContext('2d').getImageData(x!, y!, 1, 1).data[0]!, [x, y])

  const coloursOf = (page: Page): Promise<number> =>
    page.$eval('canvas', (canvas) => {
      const { data } = (canvas as unknown as Canvas).getContext('2d').getImageData(0, 0, 128, 128)
      return new Set(new Uint32Array(data.buffer)).size
    })

  it('a page draws the plate while it is computed, and changes its source term', async () => {
    const job = start(['run', '-n', '3', '--no-prefix', '--timeout', '100', 'examples/52-heat-viewer.ts'], { cwd: root })
    const [line] = (await once(createInterface(job.stdout), 'line')) as [string]
    const rest = ended(job)
    const address = line.replace('look at ', '')
    const ticket = decodeURIComponent(address.split('#')[1]!)

    const page = await browser.newPage({ viewport: { width: 640, height: 760 } })
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error' && !/favicon/.test(message.location().url)) complaints.push(message.text())
    })
    await page.goto(address)
    await page.locator('#state', { hasText: /^frame \d{2,}, hottest/ }).waitFor()
    expect(await redAt(page, 64, 64)).toBe(255)
    expect(await redAt(page, 10, 118)).toBeLessThan(128)
    await page.locator('#plate').click({ position: { x: 10 * 4 + 2, y: 118 * 4 + 2 } })
    while ((await redAt(page, 10, 118)) < 255) await page.waitForTimeout(20)

    const picture = await page.screenshot()
    if (process.env.RXMPI_SCREENSHOT !== undefined) writeFileSync(process.env.RXMPI_SCREENSHOT, picture)
    expect([picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual([640, 760])
    // Two flames that fade.
    expect(await coloursOf(page)).toBeGreaterThan(200)

    // A long value comes over whole: browsers cut long messages up, and the client sends short ones.
    const client = readFileSync('dist/client/standalone.js', 'utf8')
    /** A text, for what is compiled here imports by other means. */
    const inPage = (what: Page, ticket: string, before = ''): Promise<string> =>
      what.evaluate(`(async () => {
        const { connect } = await import(URL.createObjectURL(new Blob([${JSON.stringify(client)}], { type: 'text/javascript' })))
        const job = connect(${JSON.stringify(ticket)})
        ${before}
        return new Promise((resolve) => job.stream('plate').subscribe({ next: () => resolve('let in'), error: ({ message }) => resolve(message) }))
      })()`)
    expect(await inPage(page, ticket, "job.publish('flames').next(new Uint8Array(250000))")).toBe('let in')
    const wrong = anotherSecret(ticket)
    expect(await inPage(page, wrong)).toMatch(/^the job does not let this page in, or cannot be reached/)
    const elsewhere = await browser.newPage()
    expect(await inPage(elsewhere, ticket)).toMatch(/^this ticket is not for pages of null/)

    await page.locator('#stop').click()
    await page.locator('#state', { hasText: 'the job has ended' }).waitFor()
    expect(complaints.filter((text) => !/WebSocket connection .* 403/.test(text))).toEqual([])
    const { status, stderr } = await rest
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })
})

/** Of a page, which the types of these tests know nothing of. */
interface Canvas {
  getContext(kind: '2d'): { getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray } }
}
