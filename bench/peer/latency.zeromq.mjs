/** Two processes send data there and back: half of the time is the latency. The first starts the second, and tells it where it listens. */

import { fork } from 'node:child_process'
import { decode, encode } from 'cbor-x'
import { Pair } from 'zeromq'

const { repetitions, most, steps } = JSON.parse(process.argv[2])
const address = process.argv[3]
const first = address === undefined

const socket = new Pair()
if (first) {
  await socket.bind('tcp://127.0.0.1:*')
  fork(process.argv[1], [process.argv[2], socket.lastEndpoint])
} else socket.connect(address)

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]

/** What goes there and back, and what a receiver does with it. */
function exchangeOf({ row, size }) {
  if (row === 'object') return { send: () => socket.send(encode({ a: 7, b: 3.14 })), take: (bytes) => decode(bytes) }
  const array = new Float64Array(size / 8).fill(1)
  const memory = Buffer.from(array.buffer)
  return { send: () => socket.send(memory), take: (bytes) => bytes.copy(memory) }
}

/** As long as rxmpi at most. The first says whether there is one more. */
async function warmUp(round) {
  const end = performance.now() + most * 1000
  for (;;) {
    const goesOn = first ? performance.now() < end : (await socket.receive())[0].toString() === 'more'
    if (first) await socket.send(goesOn ? 'more' : 'enough')
    if (!goesOn) return
    await round()
  }
}

for (const step of steps) {
  const { send, take } = exchangeOf(step)
  const round = async (iterations) => {
    for (let i = 0; i < iterations; i++) {
      if (first) await send()
      const [bytes] = await socket.receive()
      take(bytes)
      if (!first) await send()
    }
  }
  await warmUp(() => round(step.iterations))
  const times = []
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const start = performance.now()
    await round(step.iterations)
    times.push((performance.now() - start) / step.iterations)
  }
  if (first) console.log(JSON.stringify({ row: step.row, size: step.size, value: (median(times) * 1000) / 2 }))
}
socket.close()
