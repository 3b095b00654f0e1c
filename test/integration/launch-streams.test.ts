import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { ended, lines, program, type Running, rxmpi, start } from './command.js'

describe('rxmpi run: output', () => {
  it('writes whole lines, each with its rank, in the order of that rank', async () => {
    const path = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      const word = 'abcdefgh'[comm.rank].repeat(5)
      for (let k = 0; k < 200; k++) {
        for (const letter of word) process.stdout.write(letter)
        process.stdout.write(Buffer.from(' ' + k + '\\nž'), () => {})
        await new Promise(setImmediate)
        process.stdout.write('\\n\\n')
      }`)
    const { stdout, status } = await rxmpi(['run', '-n', '4', path])
    for (let rank = 0; rank < 4; rank++) {
      const mine = stdout.split('\n').filter((line) => line.startsWith(`[${rank}]`))
      const word = 'abcdefgh'[rank].repeat(5)
      expect(mine).toEqual(Array.from({ length: 200 }, (_, k) => [`[${rank}] ${word} ${k}`, `[${rank}] ž`, `[${rank}] `]).flat())
    }
    expect(stdout.split('\n')).toHaveLength(4 * 600 + 1)
    expect(status).toBe(0)
  })

  it('leaves prefixes out on demand, and where there is one rank', async () => {
    const path = program("process.stdout.write('one\\ntwo\\n')\nconsole.error('err')")
    const several = await rxmpi(['run', '-n', '2', '--no-prefix', path])
    expect(several.stdout).toBe('one\ntwo\none\ntwo\n')
    expect(several.stderr).toBe('err\nerr\n')
    expect(await rxmpi(['run', '-n', '1', path])).toEqual({ stdout: 'one\ntwo\n', stderr: 'err\n', status: 0 })
  })

  it('ends a last line without a newline only where something follows', async () => {
    const { stdout } = await rxmpi(['run', '-n', '3', program("process.stdout.write('end')")])
    expect(lines(stdout)).toEqual(['[0] end', '[1] end', '[2] end'])
    expect(stdout.endsWith('\n')).toBe(false)
    expect((await rxmpi(['run', '-n', '1', program("process.stdout.write('end')")])).stdout).toBe('end')
  })

  it('passes on bytes that are no text', async () => {
    const path = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      if (comm.rank === 0) process.stdout.write(Uint8Array.from({ length: 100_000 }, (_, k) => k % 251))`)
    for (const options of [
      ['-n', '1'],
      ['-n', '2', '--no-prefix']
    ]) {
      const child = start(['run', ...options, path])
      const chunks: Buffer[] = []
      child.stdout.on('data', (chunk) => chunks.push(chunk))
      await once(child, 'close')
      expect(Buffer.concat(chunks).equals(Buffer.from(Uint8Array.from({ length: 100_000 }, (_, k) => k % 251)))).toBe(true)
    }
  })

  it('keeps a line whole that is too long to hold back', async () => {
    const path = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      const piece = String(comm.rank).repeat(2 ** 18)
      for (let k = 0; k < 20; k++) process.stdout.write(piece)
      process.stdout.write('\\nshort\\n')`)
    const { stdout } = await rxmpi(['run', '-n', '3', path])
    expect(lines(stdout).map((line) => `${line.slice(0, 9)} ${line.length}`)).toEqual(
      [0, 1, 2].flatMap((rank) => [`[${rank}] ${String(rank).repeat(5)} ${5 * 2 ** 20 + 4}`, `[${rank}] short 9`])
    )
    expect(new Set(lines(stdout).map((line) => new Set(line.slice(4)).size))).toEqual(new Set([1, 5]))
  })

  it('holds up a rank that writes more than is taken, and no other', async () => {
    const path = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      const line = 'x'.repeat(2 ** 16 - 1) + '\\n'
      if (comm.rank === 0) {
        for (let k = 0; k < 2 ** 10; k++) process.stdout.write(line)
        console.error('all is written')
      } else {
        setTimeout(() => console.error('time has passed'), 2000)
      }`)
    const child = start(['run', '-n', '2', '--no-prefix', path])
    const said = createInterface(child.stderr)[Symbol.asyncIterator]()
    expect((await said.next()).value).toBe('time has passed')
    let bytes = 0
    child.stdout.on('data', (chunk) => {
      bytes += chunk.length
    })
    expect((await said.next()).value).toBe('all is written')
    await once(child, 'close')
    expect(bytes).toBe(2 ** 26)
  })

  it('ends quietly when nobody reads its output any more', async () => {
    const child = start(['run', '-n', '2', program("for (;;) console.log('more')")])
    const [stderr] = collect(child)
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const [status] = await once(child, 'close')
    expect(stderr()).toBe('')
    expect(status).toBe(141)
  })
})

describe('rxmpi run: standard input', () => {
  it('goes to rank 0, to the last byte, and the others find its end', async () => {
    const path = program(`
      import { text } from 'node:stream/consumers'
      const input = await text(process.stdin)
      console.log(input.length, input.slice(0, 5), input.slice(-5))`)
    const input = `first${'ž'.repeat(300_000)}last!`
    const { stdout } = await rxmpi(['run', '-n', '3', path], { input })
    expect(lines(stdout)).toEqual(['[0] 300010 first last!', '[1] 0  ', '[2] 0  '])
  })

  it('is read line by line, and not waited for once it has been put away', async () => {
    const path = program(`
      import { createInterface } from 'node:readline'
      const lines = createInterface({ input: process.stdin })
      for await (const line of lines) {
        console.log('read', line)
        if (line === 'enough') lines.close()
      }`)
    const child = start(['run', '-n', '1', path])
    child.stdin.write('a line\nenough\n')
    const { stdout, status } = await ended(child)
    expect(stdout).toBe('read a line\nread enough\n')
    expect(status).toBe(0)
  })

  it('is not waited for when nobody reads it', async () => {
    const { stdout, status } = await ended(start(['run', '-n', '2', '--no-prefix', program("console.log('done')")]))
    expect(stdout).toBe('done\ndone\n')
    expect(status).toBe(0)
  })
})

describe('rxmpi run: signals', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143]
  ] as const)('%s drains: sends go out, then the ranks end', async (signal, expected) => {
    const path = program(`
      import { COMM_WORLD as comm } from 'rxmpi'
      if (comm.rank === 0) {
        for (let k = 0; k < 1000; k++) comm.isend('x'.repeat(1000), { dest: 1 })
        console.log('ready')
        await comm.recv({ source: 1 })
      } else {
        console.log('ready')
        process.on('${signal}', async () => {
          for (let k = 0; k < 1000; k++) await comm.recv({ source: 0 })
          console.log('all received')
          clearInterval(busy)
        })
        const busy = setInterval(() => {}, 1000)
      }`)
    const child = start(['run', '-n', '2', path])
    const run = ended(child)
    await said(child, 'ready', 2)
    child.kill(signal)
    const { status, stdout, stderr } = await run
    expect(stdout).toContain('[1] all received\n')
    expect(stderr).toBe('')
    expect(status).toBe(expected)
  })

  it('a second one ends at once ranks that do not drain', async () => {
    const path = program(`
      process.on('SIGINT', () => {
        console.log('draining')
        setTimeout(() => { for (;;) {} }, 1)
      })
      setInterval(() => {}, 1000)
      console.log('ready')`)
    const child = start(['run', '-n', '2', path])
    const run = ended(child)
    await said(child, 'ready', 2)
    child.kill('SIGINT')
    await said(child, 'draining', 2)
    child.kill('SIGINT')
    const { status, stderr } = await run
    expect(stderr).toBe('')
    expect(status).toBe(130)
  })

  it('ends ranks that compute after a grace', async () => {
    const child = start(['run', '-n', '1', program("console.log('ready')\nfor (;;) {}")])
    const run = ended(child)
    await said(child, 'ready', 1)
    child.kill('SIGTERM')
    expect((await run).status).toBe(143)
  })
})

function collect(child: Running): [() => string] {
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  return [() => stderr]
}

/** Resolves when lines with this word have come from so many ranks. */
function said(child: Running, word: string, times: number): Promise<void> {
  let heard = 0
  return new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.includes(word) && ++heard === times) resolve()
    })
  })
}
