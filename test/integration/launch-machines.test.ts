import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { command, lines, program, project, type Run, root, rxmpi } from './command.js'
import { find, hosts, missing, on, rxmpiOn, ssh } from './machines.js'

jest.setTimeout(120_000)

const why = missing('sshd')
const suite = why === undefined ? describe : describe.skip
const numbered = join(root, 'test/integration/programs/numbered.ts')
const node = process.execPath

suite(`ranks on several machines${why === undefined ? '' : ` (skipped: ${why})`}`, () => {
  beforeAll(() => {
    hosts('up')
    hosts('ssh')
  })
  afterAll(() => {
    hosts('down')
  })

  const failing = project({
    'fail.mjs': `
      import { COMM_WORLD as comm } from 'rxmpi'
      const { rank, size } = comm
      await comm.sendrecv(1, { dest: (rank + 1) % size, source: (rank + size - 1) % size })
      const how = process.argv[2]
      if (rank === 1 && how === 'throw') throw new RangeError('boom')
      if (rank === 1 && how === 'exit') process.exit(5)
      if (rank === 1 && how === 'abort') comm.abort(7, 'no good')
      if (rank === 1 && how === 'kill') process.kill(process.pid, 'SIGKILL')
      if (how === 'wait' && rank === 0) (await import('node:fs')).writeFileSync(process.argv[3], '')
      if (how === 'none') console.log('well', rank, size)
      else if (how === 'deadlock') await comm.recv({ source: (rank + 1) % size })
      else setInterval(() => {}, 1000)`
  })
  const fail = join(failing, 'fail.mjs')
  // For plain node, as in a project that has installed it.
  mkdirSync(join(failing, 'node_modules'))
  symlinkSync(root, join(failing, 'node_modules/rxmpi'))
  const well = ['[0] well 0 3', '[1] well 1 3', '[2] well 2 3']

  /** Numbered messages between two machines. `flowing` resolves when the first has come, or the run is over. */
  function numberedRun(option: string, value: string, ...args: string[]) {
    let hear!: () => void
    const first = new Promise<void>((resolve) => {
      hear = resolve
    })
    const where = ['run', '--insecure', option, value, '--ssh', ssh, '--host', 'rxh1:1,rxh2:1']
    const run = rxmpiOn([...where, numbered, ...args], (text) => text.includes('flowing') && hear())
    return { run, flowing: Promise.race([first, run]) }
  }

  async function bareStart(): Promise<number> {
    const begun = performance.now()
    await on(1, [node, '--eval', ''])
    return performance.now() - begun
  }

  describe('over ssh', () => {
    it.each(['--tls', '--insecure'])('starts them, with %s, from a list and a file', async (security) => {
      const file = join(project({ hosts: 'rxh1 slots=1\nrxh2:1\nrxh3\n' }), 'hosts')
      for (const where of [
        ['--host', 'rxh1:1,rxh2:2'],
        ['--hostfile', file]
      ]) {
        const { status, stdout, stderr } = await rxmpiOn(['run', security, '--ssh', ssh, ...where, fail, 'none'])
        expect(stderr).toBe('')
        expect(lines(stdout)).toEqual(well)
        expect(status).toBe(0)
      }
    })

    it('refuses clear text to another machine that nobody has asked for', async () => {
      const { status, stderr } = await rxmpiOn(['run', '--ssh', ssh, '--host', 'rxh1:1,rxh2:1', fail, 'none'])
      expect(stderr).toContain("the host 'rxh1' is another machine, and what is sent to it could be read on the way")
      expect(status).toBe(2)
    })

    it.each([
      ['throw', 1, /^\[1\] RangeError: boom/],
      ['exit', 5, /^\[1\] rxmpi: ended with status 5\n$/],
      ['abort', 7, /^\[1\] abort: no good\n$/],
      ['kill', 255, /^\[1\] rxmpi: its process has ended with status 255\n$/],
      ['deadlock', 1, /DeadlockError: deadlock: every rank waits/]
    ])('ends with the status of what has failed: %s', async (how, expected, message) => {
      const { status, stderr } = await rxmpiOn(['run', '--insecure', '--ssh', ssh, '--host', 'rxh1,rxh2,rxh3', fail, how])
      expect(stderr).toMatch(message)
      expect(status).toBe(expected)
    })

    it('loses, repeats and reorders nothing while a cable is out for 1 and for 5 seconds', async () => {
      const enough = join(project({}), 'enough')
      const { run, flowing } = numberedRun('--reconnect', '30', '1000000', enough)
      await flowing
      let longest = 0
      for (const seconds of [1, 5]) {
        await wait(1)
        const begun = performance.now()
        hosts('cut', '2')
        await wait(seconds)
        hosts('heal', '2')
        longest = Math.max(longest, performance.now() - begun)
        // It goes on within two seconds, and within what this machine needs now for a process that does nothing.
        longest += await bareStart()
      }
      await wait(3)
      writeFileSync(enough, '')
      const { status, stdout, stderr } = await run
      expect(stderr).toBe('')
      const [, count, gap] = /received (\d+), longest gap (\d+) ms/.exec(stdout)!.map(Number)
      expect(count).toBeGreaterThanOrEqual(1e6)
      expect(gap).toBeGreaterThan(900)
      expect(gap).toBeLessThan(longest + 2000)
      expect(status).toBe(0)
    })

    it('fails, and says which host, when a cable stays out', async () => {
      const { run, flowing } = numberedRun('--reconnect', '3', '100000000')
      await flowing
      hosts('cut', '2')
      const { status, stderr } = await run
      hosts('heal', '2')
      expect(stderr).toMatch(/its host cannot be reached|host rxh2 \(process \d+ on rxh2\) could not be reached for 3 s/)
      expect(status).toBe(1)
    })
  })

  /**
   * One program, the same results and statuses whatever starts it. A launcher that sees the end of a killed process kills the others too:
   * which of them is seen to be gone first is open, and whether it is said here or only there.
   */
  async function matrix(where: string[], ...hows: string[]): Promise<void> {
    const all = [
      ['none', 0, undefined],
      ['throw', 1, /^\[1\] RangeError: boom/m],
      ['exit', 5, /^\[1\] rxmpi: ended with status 5$/m],
      ['abort', 7, /^\[1\] abort: no good$/m],
      ['kill', 137, /^\[\d\] rxmpi: the process of rank \d \(process \d+ on rxh\d\) has ended|EXIT CODE: 9|task 1: Killed/m]
    ] as const
    for (const [how, expected, message] of all.filter(([how]) => hows.includes(how))) {
      const { status, stdout, stderr } = await rxmpiOn(['run', ...where, fail, how])
      if (message === undefined) expect([stderr.includes('rxmpi'), lines(stdout)]).toEqual([false, well])
      else expect(stderr).toMatch(message)
      expect([how, status]).toEqual([how, expected])
    }
  }

  describe('started by another launcher that rxmpi run has started', () => {
    const spread = ['--ssh', ssh, '--host', 'rxh1,rxh2,rxh3']
    it.each([
      ['hydra', 'mpiexec.hydra', ['--tls', ...spread], ['none', 'kill']],
      ['openmpi', 'mpirun.openmpi', ['--insecure', ...spread, '--launcher-options', '--allow-run-as-root'], ['none', 'exit']]
    ])('%s', async (name, tool, where, hows) => {
      if (find(tool)) await matrix(['--launcher', name, ...where], ...hows)
      else console.warn(`skipped: no ${tool}`)
    })
  })

  const launchers: [string, string[], number][] = [
    ['mpiexec.hydra', ['mpiexec.hydra', '-launcher', 'ssh', '-launcher-exec', ssh, '-hosts', 'rxh1,rxh2,rxh3', '-n', '3'], 9],
    ['mpiexec.hydra', ['mpiexec.hydra', '-n', '3'], 9],
    ['mpirun.openmpi', ['mpirun.openmpi', '--allow-run-as-root', '--oversubscribe', '-n', '3'], 137]
  ]
  for (const [tool, launch, killed] of launchers) {
    const test = find(tool) ? it : it.skip
    test(`takes one rank of each process of ${launch.slice(0, 4).join(' ')}${find(tool) ? '' : ' (skipped: not installed)'}`, async () => {
      const rank = [node, command, 'run', '--insecure', fail]
      const good = await on(0, [...launch, ...rank, 'none'])
      expect(lines(good.stdout)).toEqual(well)
      expect(good.status).toBe(0)
      const exit = await on(0, [...launch, ...rank, 'exit'])
      expect(exit.stderr + exit.stdout).toContain('[1] rxmpi: ended with status 5')
      expect(exit.status).toBe(5)
      if (launch.includes('ssh')) {
        const abort = await on(0, [...launch, ...rank, 'abort'])
        expect(abort.status).toBe(7)
        const deadlock = await on(0, [...launch, ...rank, 'deadlock'])
        expect(deadlock.stderr + deadlock.stdout).toContain('DeadlockError')
        expect(deadlock.status).toBe(1)
      }
      // Over ssh hydra itself loses the number of the signal.
      const kill = await on(0, [...launch, ...rank, 'kill'])
      expect([killed, 255]).toContain(kill.status)
    })
  }

  it('takes one rank of each plain node that hydra starts on other machines', async () => {
    const plain = [...launchers[0]![1], node, fail]
    const good = await on(0, [...plain, 'none'], { RXMPI_TLS: '1' })
    expect(lines(good.stdout)).toEqual(['well 0 3', 'well 1 3', 'well 2 3'])
    expect([good.status, good.stderr]).toEqual([0, ''])
    const exit = await on(0, [...plain, 'exit'], { RXMPI_INSECURE: '1' })
    expect(exit.stderr + exit.stdout).toContain('[1] rxmpi: ended with status 5')
    expect(exit.status).toBe(5)
    const unsafe = await on(0, [...plain, 'none'])
    expect(unsafe.stderr + unsafe.stdout).toContain('encrypt the links with --tls (RXMPI_TLS=1), or say --insecure (RXMPI_INSECURE=1)')
    expect(unsafe.status).not.toBe(0)
  })

  it('takes one rank of each pod of a Kubernetes Indexed Job, which its service name leads to rank 0', async () => {
    const pods = (how: string): Promise<Run[]> =>
      Promise.all(
        [0, 1, 2].map((index) => {
          const env = {
            JOB_COMPLETION_INDEX: String(index),
            HOSTNAME: `solve-${index}`,
            RXMPI_SIZE: '3',
            RXMPI_SERVICE: 'ranks',
            RXMPI_TOKEN: 'secret'
          }
          return on(index + 1, [node, command, 'run', '--tls', fail, how], env)
        })
      )
    const good = await pods('none')
    expect(good.map(({ stdout }) => stdout.trim())).toEqual(well)
    expect(good.map(({ status }) => status)).toEqual([0, 0, 0])
    expect((await pods('kill')).map(({ status }) => status)).toEqual([137, 137, 137])
  })

  const slurm = find('slurmctld') && find('munged')
  ;(slurm ? describe : describe.skip)(`under Slurm${slurm ? '' : ' (skipped: not installed)'}`, () => {
    beforeAll(() => {
      hosts('slurm')
    })

    it('starts them by srun itself', () => matrix(['--launcher', 'slurm', '--tls', '-n', '3', '-N', '1'], 'none', 'kill'))

    it.each(['none', 'pmi2'])('takes one rank of each task of srun --mpi=%s', async (mpi) => {
      const srun = ['srun', '-N3', '-n3', `--mpi=${mpi}`, node, command, 'run', '--insecure', fail]
      const env = { RXMPI_TOKEN: 'of this job' }
      const good = await on(0, [...srun, 'none'], env)
      expect(lines(good.stdout)).toEqual(well)
      expect(good.status).toBe(0)
      const exit = await on(0, [...srun, 'exit'], env)
      expect(exit.stderr).toContain('[1] rxmpi: ended with status 5')
      expect(exit.status).toBe(5)
      const kill = await on(0, [...srun, 'kill'], env)
      expect(kill.stderr).toMatch(
        /\[1\] rxmpi: the process of rank 1 \(process \d+ on rxh2\) has ended: nobody listens at its port any more/
      )
      expect(kill.status).toBe(137)
    })

    it.each(['none', 'pmi2'])('takes one rank of each plain node of srun --mpi=%s', async (mpi) => {
      const srun = ['srun', '-K1', '-N3', '-n3', `--mpi=${mpi}`, node, fail]
      const env = { RXMPI_TOKEN: 'of this job', RXMPI_TLS: '1' }
      const good = await on(0, [...srun, 'none'], env)
      expect(lines(good.stdout)).toEqual(['well 0 3', 'well 1 3', 'well 2 3'])
      expect(good.status).toBe(0)
      const exit = await on(0, [...srun, 'exit'], env)
      expect(exit.status).toBe(5)
    })

    it('ends the job of an allocation that is cancelled as a signal to it would, and leaves nothing behind', async () => {
      const started = join(failing, 'started')
      const run = on(0, [node, command, 'run', '--launcher', 'slurm', '--tls', '-n', '3', '-N', '1', fail, 'wait', started])
      const over = run.then(() => true)
      while (!existsSync(started) && !(await Promise.race([over, wait(0.05)]))) {}
      const { stdout: job } = await on(0, ['squeue', '-h', '-o', '%i'])
      await on(0, ['scancel', job.trim()])
      const { status } = await run
      expect([143, 137]).toContain(status)
      expect((await on(1, ['sh', '-c', `ps -eo args | grep -c '[f]ail.mjs wait'`])).stdout.trim()).toBe('0')
    })

    it('says what is missing', async () => {
      const srun = ['srun', '-N2', '-n2', '--mpi=none', node, command, 'run']
      const unsafe = await on(0, [...srun, fail, 'none'])
      expect(unsafe.stderr).toContain('srun has started ranks on several machines, and what they send could be read on the way')
      const token = await on(0, [...srun, '--insecure', fail, 'none'])
      expect(token.stderr).toContain('RXMPI_TOKEN is not set: expected a secret that all processes of this job share')
    })
  })
})

describe('a process that a launcher has started', () => {
  const started = { PMI_RANK: '0', PMI_SIZE: '4' }

  it('does not start ranks of its own', async () => {
    const { status, stderr } = await rxmpi(['run', '-n', '2', program('')], { env: started })
    expect(stderr).toContain('--ranks was given, and mpiexec has started 4 processes')
    expect(status).toBe(2)
    const { status: local } = await rxmpi(['run', '-n', '2', '--launcher', 'local', program('')], { env: started })
    expect(local).toBe(0)
  })

  it('is an error where its launcher gives it no way to find the others', async () => {
    const { status, stderr } = await rxmpi(['run', program('')], { env: started })
    expect(stderr).toContain('gives them no way to find each other')
    expect(status).toBe(2)
  })

  it('is no world of size 1 under node alone', () => {
    const { stderr, status } = spawnSync(node, ['--input-type=module', '--eval', "import 'rxmpi'"], {
      cwd: root,
      env: { ...process.env, ...started },
      encoding: 'utf8'
    })
    expect(stderr).toContain(
      'mpiexec has started 4 processes (PMI_RANK=0 and PMI_SIZE=4 are set), and gives them no way to find each other'
    )
    expect(status).toBe(1)
  })
})

const wait = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000))
