import { execFile, execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { command as bin, project, type Run } from './command.js'
import { jobOf, outputsOf } from './one-job.js'
import { type Command, compared, grouped, isRun, isTest, type Page, pages, sharedRanks } from './pages.js'

/** Every program and every command of the pages in docs, run as a reader would. */

interface Case {
  page: Page
  command: Command
  /** Of the programs that share a job with others. */
  ranks: number | undefined
}

const cases: Case[] = pages.flatMap((page) =>
  page.commands.filter((command) => isRun(page, command)).map((command) => ({ page, command, ranks: sharedRanks(page, command) }))
)

/** Programs of all pages that run on as many ranks are one job, one after the other, which takes a second and not one for each. */
const jobs = grouped(
  cases.filter(({ ranks }) => ranks !== undefined),
  ({ ranks }) => ranks!
)
const titleOf = ({ page, command }: Case): string => `${page.folder}/${command.line.split(' ').at(-1)}`

const directory = project({
  ...Object.fromEntries(pages.flatMap(({ folder, programs }) => programs.map(({ name, text }) => [join(folder, name), text]))),
  ...Object.fromEntries(
    [...jobs].map(([ranks, members]) => [`job-${ranks}.ts`, jobOf(members.map((member) => ({ file: titleOf(member) })))])
  )
})

const running = new Map<number, Promise<Map<string, string[]>>>()

/** What each program of a job has printed. */
function outputs(ranks: number): Promise<Map<string, string[]>> {
  const started = running.get(ranks) ?? outputsOf(`job-${ranks}.ts`, ranks, directory)
  running.set(ranks, started)
  return started
}

/** As a reader would, in a shell, in the folder of the page's programs. */
function shell({ page, command }: Case): Promise<Run> {
  const line = command.line.replace(/^npx rxmpi/, `"${process.execPath}" "${bin}"`)
  return new Promise((resolve) =>
    execFile('sh', ['-c', line], { cwd: join(directory, page.folder), timeout: 100_000 }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : typeof error.code === 'number' ? error.code : null, stdout, stderr })
    )
  )
}

it('there are pages with programs', () => {
  const withPrograms = new Set(cases.map(({ page }) => page.page))
  for (const name of ['docs/how-to/test-your-own-algorithm.md', 'docs/course/05-parallel-sum.md']) expect(withPrograms).toContain(name)
})

describe.each([...grouped(cases, ({ page }) => page.page)])('%s', (_, own) => {
  it.each(own.map((one) => [one.command.line, one] as const))('%s', async (_, one) => {
    const { command, ranks } = one
    const agrees = (output: string): void => {
      const { printed, promised } = compared(output, command.output)
      expect(printed).toEqual(promised)
    }
    if (ranks !== undefined) return agrees((await outputs(ranks)).get(titleOf(one))!.join('\n'))
    const { stdout, stderr, status } = await shell(one)
    if (isTest(one.page, command)) {
      // Of Node.js' two reporters this version's may be either.
      const report = stdout.replaceAll('ℹ ', '# ')
      expect(report).toMatch(/^# pass [1-9]/m)
      expect(report).toMatch(/^# fail 0$/m)
      expect(report.split('\n')).toEqual(expect.arrayContaining(command.output))
      return
    }
    agrees(`${stdout}\n${stderr}`)
    if (command.status !== undefined) expect(status).toBe(command.status)
  })
})

describe('the Python programs', () => {
  const page = pages.find(({ folder }) => folder === 'course-from-mpi4py')!
  const names = page.programs.filter(({ name }) => name.endsWith('.py')).map(({ name }) => name.replace('.py', ''))
  const python = ['/usr/bin/python3', 'python3'].find(
    (file) => succeeds(file, '-c', 'import mpi4py, numpy') && succeeds('mpirun', '--version')
  )
  const withMpi4py = python === undefined ? it.skip : it

  withMpi4py(`print the same${python === undefined ? ' (skipped: no mpi4py, see bench/peer/install.sh)' : ''}`, async () => {
    // In one write a line, since the processes share their output.
    const whole = "import builtins, sys\nbuiltins.print = lambda *words: sys.stdout.write(' '.join(map(str, words)) + '\\n')\n"
    const program = whole + names.flatMap((name) => [`import ${name}`, `${name}.comm.barrier()`]).join('\n')
    writeFileSync(join(directory, page.folder, 'all.py'), program)
    const root = process.getuid?.() === 0 ? ['--allow-run-as-root'] : []
    const args = [...root, '--oversubscribe', '-n', '4', python!, 'all.py']
    const { stdout } = await promisify(execFile)('mpirun', args, { cwd: join(directory, page.folder), timeout: 100_000 })
    const promised = page.commands.flatMap(({ output }) => output.map((line) => line.replace(/^\[\d+\] /, '')))
    expect(stdout.trimEnd().split('\n').sort()).toEqual(promised.sort())
  })

  it.each(names)('%s has its lines where the other has them', (name) => {
    const lines = ['py', 'ts'].map((kind) => page.programs.find((program) => program.name === `${name}.${kind}`)!.text.split('\n').length)
    expect(lines[0]).toBe(lines[1])
  })
})

function succeeds(file: string, ...args: string[]): boolean {
  try {
    execFileSync(file, args, { stdio: 'ignore', timeout: 60_000 })
    return true
  } catch {
    return false
  }
}
