import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Browser, chromium, type Page } from 'playwright-core'
import { Subject } from 'rxjs'
import type { Picture } from '../../src/launch/dashboard/model/picture.js'
import { DashboardServer } from '../../src/launch/dashboard/server.js'
import { picture, rankPicture, waiting } from '../unit/dashboard-picture.js'
import { project, type Running, root, rxmpi, start } from './command.js'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
const suite = executablePath === undefined ? describe.skip : describe
const program = 'test/integration/programs/dashboard.ts'
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
const fewColours = (input: Buffer): Buffer => execFileSync(process.execPath, [join(__dirname, 'few-colours.mjs')], { input })
/** `RXMPI_DASHBOARD_FIGURES=1` draws the pictures of docs anew. */
const draws = process.env.RXMPI_DASHBOARD_FIGURES !== undefined

suite(`the page of a running job${executablePath === undefined ? ' (skipped: no Chromium)' : ''}`, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] })
  })
  afterAll(() => browser.close())

  /** Opens it; `complaints` is all that the browser finds wrong. */
  async function open(address: string, width = 1200): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 850 } })
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => complaints.push(message.text()))
    await page.goto(address)
    return { page, complaints }
  }

  async function addressOf(job: Running): Promise<string> {
    for await (const line of createInterface(job.stderr)) {
      const [, address] = /^rxmpi: look at this job at (http:\S+)$/.exec(line) ?? []
      if (address !== undefined) {
        job.stderr.resume()
        return address
      }
    }
    throw new Error('no address was told')
  }

  const statusOf = (job: Running): Promise<number | null> => new Promise((resolve) => job.on('close', resolve))
  const row = (page: Page, title: string) =>
    page.locator('#rank-table tbody tr').filter({ has: page.getByRole('rowheader', { name: title, exact: true }) })
  const violations = async (page: Page): Promise<string[]> => {
    await page.evaluate(axe)
    return page.evaluate(
      "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))"
    )
  }
  const overflows = (page: Page): Promise<boolean> => page.evaluate('document.documentElement.scrollWidth > innerWidth')

  it('shows what ranks on several hosts do, who waits for whom, who computes and who has failed, and the end', async () => {
    const args = ['run', '--dashboard', '--on-failure', 'continue', '--host', 'localhost:4,localhost:4', basename(program)]
    const job = start(args, { cwd: join(root, dirname(program)) })
    const over = statusOf(job)
    const { page, complaints } = await open(await addressOf(job))

    await page.getByText('A cycle, which may be a deadlock: 3 → 4 → 5 → 3').waitFor()
    await page.locator('#wait-graph .edge.cycle').nth(2).waitFor({ state: 'attached' })
    expect(await page.locator('#wait-words li').first().textContent()).toMatch(
      /^rank 3 waits in recv for rank 4, tag 7 .*dashboard\.ts:\d+:\d+$/
    )
    await row(page, '7')
      .getByText(/^busy, has not answered for \d/)
      .waitFor()
    await row(page, '6').getByText('failed', { exact: true }).waitFor()
    await row(page, '1.0').getByText('in recv').waitFor()
    await row(page, '2')
      .getByText(/^\d+ · \d.* kB$/)
      .waitFor()
    // What a program says is text, whatever stands in it.
    expect(await page.locator('#failure-list').textContent()).toContain('Rank 6Error: the pump <b>P-7</b> has stopped')

    await page.waitForFunction("/^[1-9]/.test(document.querySelector('.reading b').textContent)")
    expect(await page.locator('.chart').first().getAttribute('aria-label')).toMatch(/^Messages a second: now \d/)
    expect(await page.locator('.pairs tbody tr').first().textContent()).toMatch(/^20\d.* [kM]B/)
    await row(page, '1').focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.locator('.detail caption', { hasText: /^Rank 2, .*the last \d+ of/ }).waitFor()
    await page.locator('.detail td', { hasText: 'sends 12000 bytes to rank 0' }).first().waitFor()
    if (draws) for (const scheme of ['light', 'dark'] as const) await draw(page, scheme)

    job.kill('SIGINT')
    await page.locator('.chip.cut').waitFor()
    job.kill('SIGINT')
    expect(await over).toBeGreaterThan(0)
    await page.getByText(/^The job has ended with status \d+\. This is its last picture/).waitFor()
    await page.getByText('A cycle, which may be a deadlock: 3 → 4 → 5 → 3').waitFor()
    expect(complaints).toEqual([])
    await page.close()
  })

  /** Of so few colours as drawings need, it is small. */
  async function draw(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
    await page.setViewportSize({ width: 1200, height: 850 })
    await page.emulateMedia({ colorScheme })
    // The lanes fill.
    await page.waitForTimeout(8000)
    const file = `docs/how-to/figures/dashboard-${colorScheme}.png`
    writeFileSync(file, fewColours(await page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width: 1200, height: 1720 } })))
    expect(statSync(file).size).toBeLessThan(80_000)
  }

  it('keeps the circle of a deadlock that was proved when the job has ended by it', async () => {
    const job = start(['run', '--dashboard', '-n', '2', program, 'stuck'], { cwd: root })
    const over = statusOf(job)
    const { page, complaints } = await open(await addressOf(job))
    await row(page, '1').getByText('in recv for rank 0, tag 7').waitFor()
    job.stdin.write('go on\n')
    expect(await over).toBe(1)
    await page.getByText('The job has ended with status 1').waitFor()
    await page.getByText('Deadlock: 0 → 1 → 0').waitFor()
    expect(await page.locator('#failure-list').textContent()).toContain('DeadlockError')
    expect(complaints).toEqual([])
    await page.close()
  })

  describe('of a hundred ranks', () => {
    const pictures = new Subject<string>()
    let server: DashboardServer
    beforeAll(async () => {
      server = await DashboardServer.open(0, pictures)
    })
    afterAll(() => server.close())

    /** A chain of ranks that wait for one that computes, and a circle beside it. */
    const ranks = Array.from({ length: 100 }, (_, k) => {
      const sent = { messages: 1000 * k, bytes: 8000 * k, answered: 1000, events: k }
      if (k === 99) return { ...rankPicture(k, { state: 'busy', silent: 12 }), ...sent }
      return { ...(k < 4 ? waiting(k, (k + 1) % 4) : waiting(k, Math.min(99, k + 1 + (k % 7)))), ...sent }
    })
    const pairs = ranks.flatMap(({ process }) =>
      [1, 2, 3].map((far) => [process, (process + far) % 100, process, 8 * process ** far] as const)
    )
    const hundred = (more: Partial<Picture> = {}): string => JSON.stringify(picture(ranks, { time: Date.now(), pairs, ...more }))

    it('can be read, in light and dark, narrow and wide, by keyboard and screen reader', async () => {
      const { page, complaints } = await open(server.address)
      await page.getByText('Connecting').waitFor()
      pictures.next(hundred())
      await page.getByText('Rank 99 holds up 95 ranks, and is busy').waitFor()
      expect(await page.locator('#rank-table tbody tr').count()).toBe(100)
      pictures.next(hundred({ failures: [{ title: '7', text: 'Error: lost' }] }))
      await page.getByRole('log').getByText('Error: lost').waitFor()
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        for (const width of [360, 1600]) {
          await page.setViewportSize({ width, height: 800 })
          pictures.next(hundred({ time: Date.now() + width }))
          expect({ width, overflows: await overflows(page) }).toEqual({ width, overflows: false })
        }
        expect(await violations(page)).toEqual([])
        if (draws) writeFileSync(join(tmpdir(), `dashboard-100-${colorScheme}.png`), await page.screenshot({ fullPage: true }))
      }
      await page.getByRole('button', { name: '1 busy' }).click()
      await page.waitForFunction("document.querySelectorAll('#rank-table tbody tr:not([hidden])').length === 1")
      await page.getByRole('button', { name: 'Hold the picture' }).click()
      pictures.next(hundred({ program: 'other.ts' }))
      await page.locator('#byte-matrix canvas').focus()
      for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown']) await page.keyboard.press(key)
      expect(await page.locator('.figure .reading').textContent()).toBe('rank 1 to rank 1: 0 B in 0 messages')
      expect(await page.locator('h1').textContent()).toBe('ring.ts')
      await page.getByRole('button', { name: 'Go on' }).click()
      await page.getByRole('heading', { name: 'other.ts' }).waitFor()
      expect(complaints).toEqual([])
      await page.close()
    })
  })
})

it('a page is small, and all that it needs', () => {
  const files = ['index.html', 'page.js', 'page.css'].map((name) => readFileSync(`dist/src/launch/dashboard/${name}`, 'utf8'))
  expect(files.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(120_000)
  expect(files[0]!.match(/(src|href)="(?!page\.|#|data:,")/g)).toBe(null)
})

it('a port that is taken, or none, is said before anything begins', async () => {
  const taken = await DashboardServer.open(0, new Subject())
  const { port } = new URL(taken.address)
  const { status, stderr } = await rxmpi(['run', `--dashboard=${port}`, '-n', '1', program], { cwd: root })
  await taken.close()
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: `rxmpi: dashboard was ${port}: expected a port that is free, got listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`
  })
  const wrong = await rxmpi(['run', '--dashboard=http', '-n', '1', program], { cwd: root })
  expect({ status: wrong.status, isTold: wrong.stderr.includes('Expected a port, from 1 to 65535.') }).toEqual({ status: 2, isTold: true })
})

it('the program may follow at once, and has a --dashboard of its own', async () => {
  const prints = project({ 'prints.js': 'console.log(JSON.stringify(process.argv.slice(2)))' })
  const { stdout, stderr } = await rxmpi(['run', '-n', '1', '--dashboard', 'prints.js', '--dashboard', 'x', '--dashboard=1'], {
    cwd: prints
  })
  expect(JSON.parse(stdout)).toEqual(['--dashboard', 'x', '--dashboard=1'])
  expect(stderr).toMatch(/^rxmpi: look at this job at \S+\n$/)
})
