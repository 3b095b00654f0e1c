import { ended, leftOf, lines, program, rxmpi, start } from './command.js'
import { find } from './machines.js'

/** `rxmpi run` that has another launcher start the ranks, on this machine. On several: launch-machines.test.ts. */
describe.each([
  ['hydra', 'mpiexec.hydra', []],
  ['openmpi', 'mpirun.openmpi', ['--launcher-options', '--allow-run-as-root']]
])('rxmpi run --launcher %s', (launcher, tool, more) => {
  const test = find(tool) ? it : it.skip
  const note = find(tool) ? '' : ' (skipped: not installed)'
  const where = ['run', '--launcher', launcher, ...more, '-n', '3']
  const waiting = program(`
    import { COMM_WORLD as comm } from 'rxmpi'
    process.on('SIGTERM', () => { console.log('drained'); process.exit(0) })
    await comm.barrier()
    console.log('process', process.pid)
    setInterval(() => {}, 1000)`)

  test(`gives rank 0 standard input, ranks their variables, and keeps its token from them${note}`, async () => {
    const path = program(`
      import { text } from 'node:stream/consumers'
      import { COMM_WORLD as comm } from 'rxmpi'
      const input = comm.rank === 0 ? await text(process.stdin) : ''
      const ours = Object.keys(process.env).filter((name) => /^RXMPI_(TOKEN|RENDEZVOUS)$/.test(name))
      console.log(comm.rank, process.env.MODE, ours.length, process.argv[2], input)`)
    const { status, stdout, stderr } = await rxmpi([...where, '--env', 'MODE=fast', path, 'a b'], { input: 'some input' })
    expect(stderr).toBe('')
    expect(lines(stdout)).toEqual(['[0] 0 fast 0 a b some input', '[1] 1 fast 0 a b ', '[2] 2 fast 0 a b '])
    expect(status).toBe(0)
  })

  /** Starts it, and resolves to the ids of its processes once all run. */
  async function running() {
    const child = start([...where, waiting])
    const over = ended(child)
    let seen = ''
    await new Promise<void>((resolve) =>
      child.stdout.on('data', (data) => {
        seen += data
        if (seen.split('process').length === 4) resolve()
      })
    )
    return { child, over, pids: [...seen.matchAll(/process (\d+)/g)].map((match) => Number(match[1])) }
  }

  test(`has its ranks finish at SIGTERM, and leaves no process behind${note}`, async () => {
    const { child, over, pids } = await running()
    child.kill('SIGTERM')
    const { status, stdout } = await over
    expect(lines(stdout).filter((line) => line.endsWith('drained'))).toHaveLength(3)
    expect(status).toBe(143)
    expect(await leftOf(pids)).toEqual([])
  })

  test(`leaves no process behind when it is killed, and ends when one of them is${note}`, async () => {
    const first = await running()
    first.child.kill('SIGKILL')
    await first.over
    expect(await leftOf(first.pids)).toEqual([])
    const second = await running()
    process.kill(second.pids[1]!, 'SIGSEGV')
    expect((await second.over).status).toBe(139)
    expect(await leftOf(second.pids)).toEqual([])
  })
})
