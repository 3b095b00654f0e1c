import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { ended, program, type Running, start } from '../integration/command.js'
import { amount, LIMIT_MS, SOAK } from './amount.js'

jest.setTimeout(LIMIT_MS)

/** Whoever connects to the ports of a job and does not belong to it. */

const job = (): string =>
  program(`
    import { COMM_WORLD as comm } from 'rxmpi'
    const other = 1 - comm.rank
    console.log('process', process.pid)
    for (let k = 0, said = performance.now(); ; k++) {
      const { round } = await comm.sendrecv<{ round: number }, { round: number }>({ round: k }, { dest: other, source: other })
      if (round !== k) throw new Error(\`round \${k} is \${round}\`)
      if (comm.rank === 0 && performance.now() - said > 20) said = performance.now(), console.log('round', k)
    }`)

interface Job {
  child: Running
  pids: number[]
  round(): number
}

async function started(): Promise<Job> {
  const child = start(['run', '--host', 'localhost:1,localhost:1', job()], { env: { RXMPI_SHARED_MEMORY: '0' } })
  let output = ''
  let round = 0
  child.stdout.on('data', (data) => {
    output = (output + data).slice(-4000)
    round = Number(/.*round (\d+)\n/s.exec(output)?.[1] ?? round)
  })
  let head = ''
  child.stdout.on('data', (data) => {
    if (head.length < 4000) head += data
  })
  while (round < 100) await sleep(20)
  return { child, pids: [...head.matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid)), round: () => round }
}

async function stopped({ child }: Job): Promise<void> {
  const over = ended(child)
  child.kill('SIGKILL')
  await over
}

/** The ports at which a process listens. */
function portsOf(pid: number): number[] {
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)]
    } catch {
      return []
    }
  })
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === '0A' && links.includes(`socket:[${inode}]`))
    .map(([, address]) => Number.parseInt(address!.split(':')[1]!, 16))
}

const residentBytes = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024

async function strangers(how: string, port: number, seconds: number): Promise<{ perSecond: number; answers: Record<string, number> }> {
  const child = spawn(process.execPath, [join(__dirname, 'strangers.mjs'), how, String(port), String(seconds)], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  return JSON.parse(await text(child.stdout))
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!

const linux = process.platform === 'linux' ? describe : describe.skip

linux(`strangers at the ports of two lone ranks${process.platform === 'linux' ? '' : ' (skipped: no /proc)'}`, () => {
  it('find the port of a rank closed, are refused at the others, and hold up no round', async () => {
    const running = await started()
    // Both main threads', and each one's that goes on where its rank cannot.
    const ports = running.pids.flatMap(portsOf)
    expect(ports).toHaveLength(4)
    const nobody = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'))
    })
    await new Promise<void>((resolve) => nobody.listen(0, '127.0.0.1', resolve))
    const elsewhere = (nobody.address() as AddressInfo).port
    const seconds = amount(0.3, 2)
    const rounds = async (port: number, how: string): Promise<{ rate: number; perSecond: number }> => {
      const [before, since] = [running.round(), performance.now()]
      const { perSecond, answers } = await strangers(how, port, seconds)
      expect(Object.keys(answers).filter((answer) => answer.startsWith('1'))).toEqual([])
      return { rate: (running.round() - before) / (performance.now() - since), perSecond }
    }
    const ratios: number[] = []
    const tries: number[] = []
    for (let k = 0; k < amount(1, 4); k++) {
      for (const port of ports) {
        const how = k % 2 === 0 ? 'claim' : 'noise'
        const without = await rounds(elsewhere, how)
        const { rate, perSecond } = await rounds(port, how)
        const after = await rounds(elsewhere, how)
        ratios.push((2 * rate) / (without.rate + after.rate))
        tries.push(perSecond)
        expect(rate).toBeGreaterThan(0)
      }
    }
    const ratio = median(ratios)
    if (SOAK) {
      console.log(
        `rounds beside strangers: ${ratio.toFixed(2)} of those with the same strangers elsewhere; ${median(tries)} tries a second`
      )
      expect(ratio).toBeGreaterThan(0.9)
    }
    nobody.close()
    await stopped(running)
  })

  it('are let go within 12 s when they say nothing, or one byte after the other, and cost no more than 32 MB', async () => {
    const running = await started()
    const ports = running.pids.flatMap(portsOf)
    const before = running.pids.map(residentBytes)
    const open = new Set<Socket>()
    const count = amount(100, 1000)
    const request = `GET /link HTTP/1.1\r\nHost: x\r\nx-rxmpi-claim: ${'1 '.repeat(200)}`
    for (const port of ports) {
      for (let k = 0; k < count; k++) {
        const socket = connect(port, '127.0.0.1')
        open.add(socket)
        socket.on('error', () => undefined)
        socket.on('close', () => open.delete(socket))
        if (k % 2 === 0) continue
        let at = 0
        const drip = setInterval(() => {
          if (open.has(socket)) socket.write(request[at++ % request.length]!)
          else clearInterval(drip)
        }, 100)
      }
    }
    const since = performance.now()
    const round = running.round()
    await sleep(amount(500, 2000))
    expect(running.round()).toBeGreaterThan(round)
    const grown = running.pids.map((pid, k) => residentBytes(pid) - before[k]!)
    if (SOAK) {
      while (open.size > 0 && performance.now() - since < 30_000) await sleep(50)
      console.log(
        `${4 * count} half handshakes: ${open.size} left after ${Math.round(performance.now() - since)} ms; bytes more: ${grown.join()}`
      )
      expect(performance.now() - since).toBeLessThan(12_000)
    }
    for (const bytes of grown) expect(bytes).toBeLessThan(32 * 2 ** 20)
    for (const socket of open) socket.destroy()
    await stopped(running)
  })
})
