import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Browser, chromium, type Page } from 'playwright-core'
import { presets } from '../../site/playground/presets.js'
import type { Outcome } from '../../site/playground/worker.js'
import { type Served, serve } from './serve.js'

/** The site as it is built, as readers have it: `npm run site` comes before. */

const dist = 'site/dist'
const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
const suite = executablePath === undefined ? describe.skip : describe
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

const pages = [
  '/',
  '/404.html',
  '/adr/0007-reduction-kernels.html',
  '/api/rxmpi/operators/functions/bcast.html',
  '/course/01-ranks.html',
  '/course/glossary.html',
  '/explanation/how-a-collective-works.html',
  '/reference/algorithms.html',
  '/playground.html'
]
const looks = (['light', 'dark'] as const).flatMap((colorScheme) => [1280, 360].map((width) => ({ colorScheme, width })))

suite(`the site in a browser${executablePath === undefined ? ' (skipped: no Chromium; test/hosts/install.sh installs it)' : ''}`, () => {
  let browser: Browser
  let site: Served
  beforeAll(async () => {
    site = await serve(dist)
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] })
  })
  afterAll(async () => {
    await browser.close()
    site.close()
  })

  /** A page and what is wrong with it: requests to others, errors on its console, links that lead nowhere. */
  async function open(path: string): Promise<{ page: Page; complaints: string[] }> {
    const context = await browser.newContext()
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('request', (request) => {
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(`${site.origin}/`)) complaints.push(`asks for ${request.url()}`)
    })
    page.on('pageerror', ({ message }) => complaints.push(message))
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(`${message.text()} (${message.location().url})`)
    })
    await page.goto(`${site.origin}${path}`, { waitUntil: 'networkidle' })
    return { page, complaints }
  }

  it.each(pages)('%s can be read by all: light and dark, wide and narrow, and asks nobody else for anything', async (path) => {
    const { page, complaints } = await open(path)
    if (path === '/playground.html') await page.locator('.picture svg .marble').first().waitFor()
    await page.evaluate(axe)
    for (const { colorScheme, width } of looks) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.setViewportSize({ width, height: 900 })
      const violations = (await page.evaluate('axe.run().then(({ violations }) => violations)')) as Violation[]
      const told = violations.map(({ id, nodes }) => [id, ...nodes.slice(0, 3).map(({ html }) => html.slice(0, 200))])
      expect({ colorScheme, width, told }).toEqual({ colorScheme, width, told: [] })
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
      if (process.env.RXMPI_SCREENSHOTS === undefined) continue
      const name = `${path.replace(/\W+/g, '-')}-${colorScheme}-${width}.png`
      await page.screenshot({ path: join(process.env.RXMPI_SCREENSHOTS, name), fullPage: path !== '/reference/algorithms.html' })
    }
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it.each(['/course/', '/course/01-ranks.html'])(
    '%s is less than 300 kB, all that it loads, as a host sends it: compressed',
    async (path) => {
      const context = await browser.newContext()
      const page = await context.newPage()
      const bodies: Promise<Buffer>[] = []
      page.on('response', (response) => bodies.push(response.body()))
      await page.goto(`${site.origin}${path}`, { waitUntil: 'networkidle' })
      const sizes = (await Promise.all(bodies)).map((body) => gzipSync(body).length)
      const sum = sizes.reduce((one, other) => one + other)
      if (process.env.RXMPI_SCREENSHOTS !== undefined) console.log(`${path}: ${sum} bytes in ${sizes.length} files`)
      expect(sum).toBeLessThan(300_000)
      await context.close()
    }
  )

  it('finds a word', async () => {
    const { page, complaints } = await open('/course/')
    await page.keyboard.press('Control+k')
    await page.locator('#localsearch-input').fill('sendrecv')
    await page.locator('#localsearch-list .result').first().waitFor()
    expect((await page.locator('#localsearch-list .result').allTextContents()).join()).toMatch(/sendrecv/i)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('draws the marbles of a docstring, with their text for who cannot see them', async () => {
    const { page } = await open('/api/rxmpi/operators/functions/bcast.html')
    const picture = page.locator('.picture svg').first()
    expect(await picture.getAttribute('aria-label')).toMatch(/^rank 0 \(root\) {3}source a--b--\|/)
    expect(await picture.locator('.marble').count()).toBe(8)
    await page.context().close()
  })

  describe('the playground', () => {
    let page: Page
    beforeAll(async () => {
      page = (await open('/playground.html')).page
      await page.locator('.picture svg .marble').first().waitFor()
    })
    afterAll(() => page.context().close())
    const type = (program: string): Promise<void> => page.locator('.cm-content').fill(program)
    const text = (): Promise<string | null> => page.locator('.outcome details pre').textContent()

    it('runs simulate itself, in a page and in virtual time', async () => {
      const sums = await page.evaluate(`(async () => {
        const { modules } = await import('${site.origin}/playground/modules.js')
        const { rxjs, rxmpi: { SUM }, 'rxmpi/operators': mpi, 'rxmpi/testing': { simulate } } = modules
        return simulate(4, { latency: 5 }, ({ ranks, expectObservable }) => {
          const got = []
          for (const [rank, sum] of ranks((comm) => rxjs.of(Float64Array.of(comm.rank, 1)).pipe(mpi.allreduce(comm, SUM))).entries()) {
            expectObservable(sum.pipe(rxjs.map(String))).toBe('----------(a|)', { a: '6,4' })
            sum.subscribe((values) => got.push([rank, [...values], rxjs.asyncScheduler.now()]))
          }
          return got
        }).sort()
      })()`)
      expect(sums).toEqual([0, 1, 2, 3].map((rank) => [rank, [6, 4], 10]))
    })

    it.each(presets)('has a program that does what it says: $name', async ({ source, ranks }) => {
      const outcome = (await page.evaluate(`new Promise((resolve) => {
        const worker = new Worker('${site.origin}/playground/worker.js', { type: 'module' })
        worker.onmessage = ({ data }) => {
          if (data === 'begun') return
          worker.terminate()
          resolve(data)
        }
        worker.postMessage(${JSON.stringify({ source, ranks, latency: 3 })})
      })`)) as Outcome
      if (source.includes('simulate(')) expect(outcome.printed).toEqual([expect.stringMatching(/^as drawn/)])
      else if (source.includes('nobody begins')) expect(outcome.failure?.message).toMatch(/^DeadlockError/)
      else expect(outcome.text).toMatch(new RegExp(`^${ranks} ranks, [1-9]\\d* messages`))
      expect(outcome.failure === undefined).toBe(!source.includes('nobody begins'))
    })

    it('draws what is typed, in TypeScript too', async () => {
      await type(`import { of } from 'rxjs'\nexport default (comm: { rank: number }) => of(comm.rank * 111)`)
      await page.locator('.picture svg text', { hasText: '333' }).waitFor()
    })

    it('draws it anew for another number of ranks and another latency', async () => {
      await page.getByRole('combobox', { name: 'Program' }).selectOption({ label: 'Reduce: a sum on rank 0' })
      await page.locator('.picture svg text', { hasText: '36' }).waitFor()
      await page.getByRole('slider', { name: 'Ranks' }).fill('3')
      await page.getByRole('slider', { name: 'Latency' }).fill('7')
      await page.locator('.outcome details', { hasText: '3 ranks, 2 messages' }).waitFor({ state: 'attached' })
      expect(await text()).toMatch(/\+10 ms[\s\S]*0 emits +-+6-+\|/)
    })

    it('shows the report of a deadlock, and the line', async () => {
      await page.getByRole('combobox', { name: 'Program' }).selectOption({ label: 'Deadlock: all wait for their neighbour' })
      await page
        .getByRole('alert')
        .filter({ hasText: /rank 3 waits in recv for rank 2, any tag, at program.ts:8:15/ })
        .waitFor()
      expect(await page.locator('.failed-line').textContent()).toMatch('comm.irecv')
    })

    it('says what is wrong with a program that cannot be read, and with an option that there is not', async () => {
      await type('export default (comm) => {{')
      await page.getByRole('alert').filter({ hasText: 'SyntaxError' }).waitFor()
      await type('export default (comm) => comm.isend(1, { des: 0 })')
      await page.getByRole('alert').filter({ hasText: "did you mean 'dest'?" }).waitFor()
    })

    it('ends a program that never ends, and runs the next', async () => {
      await type('for (;;);')
      await page.getByRole('alert').filter({ hasText: 'stopped after 3 s' }).waitFor()
      await type('export default (comm) => comm.rank + 500')
      await page.locator('.picture svg text', { hasText: '501' }).waitFor()
      expect(await page.getByRole('alert').count()).toBe(0)
    })
  })
})

describe('the pages', () => {
  const files = (readdirSync(dist, { recursive: true }) as string[]).filter((name) => name.endsWith('.html'))

  it('are those of every entry of the package, of the course and of the programs that they point to', () => {
    const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, { types?: string }> }
    const entries = Object.keys(exports).filter((name) => exports[name]!.types !== undefined && name !== './client/standalone')
    const others = ['api/rxmpi/testing/functions/simulate.html', 'course/12-tests-and-clusters.html', 'changelog.html']
    expect(files).toEqual(expect.arrayContaining([...entries.map((name) => posix.join('api/rxmpi', name, 'index.html')), ...others]))
    expect(files).toContain('source/examples/01-hello-ts.html')
  })

  it('run programs without Node: the bundle of the playground asks for none of its modules', () => {
    const bundles = readdirSync(`${dist}/playground`).filter((name) => name.endsWith('.js'))
    expect(bundles).toEqual(expect.arrayContaining(['modules.js', 'worker.js']))
    for (const name of bundles) expect(readFileSync(`${dist}/playground/${name}`, 'utf8')).not.toMatch(/(from|import|require\() ?["']node:/)
  })

  it('lead to a heading that is there', () => {
    const idsOf = new Map(files.map((file) => [file, new Set(readFileSync(join(dist, file), 'utf8').match(/(?<= id=")[^"]+/g))]))
    const dead = files.flatMap((file) =>
      [...readFileSync(join(dist, file), 'utf8').matchAll(/ href="([^"#:]*)#([^"]+)"/g)]
        .filter(([, path, id]) => {
          const named =
            path === '' ? `/${file}` : posix.resolve('/', posix.dirname(file), path!) + (path!.endsWith('/') ? '/index.html' : '')
          return !idsOf.get(posix.normalize(named).slice(1))?.has(decodeURIComponent(id!))
        })
        .map(([link]) => `${file}:${link}`)
    )
    expect([...new Set(dead)].filter((link) => !/VPContent/.test(link))).toEqual([])
  })
})

interface Violation {
  id: string
  nodes: { html: string }[]
}
