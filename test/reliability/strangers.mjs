/**
 * Opens connections that are none of the job's: node strangers.mjs HOW PORT SECONDS. Says how many it has made in a second, and what was
 * answered.
 *
 * claim: a good form and a wrong proof.  noise: what is no HTTP.  silence: nothing.
 */
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'

const [how, port, seconds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const RATE = 10_000
const word = (bytes) => randomBytes(bytes).toString('base64url')
const what = {
  claim: () =>
    `GET /link HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n` +
    `x-rxmpi-claim: 1 0 2 1 0 ${word(16)} ${word(16)} ${word(16)}.0.${word(32)} ${word(32)}\r\n\r\n`,
  noise: () => `${word(100)}\r\n\r\n`
}[how]
const start = performance.now()
const end = start + seconds * 1000
const answers = {}
let tries = 0

function another() {
  const now = performance.now()
  if (now > end) return
  if (tries > (RATE * (now - start)) / 1000 + 50) return void setTimeout(another, 1)
  tries++
  const socket = connect(port, '127.0.0.1')
  let answer = 'closed'
  socket.on('error', ({ code }) => {
    answer = code
  })
  socket.on('data', (data) => {
    answer = String(data).slice(9, 12)
  })
  socket.on('close', () => {
    answers[answer] = (answers[answer] ?? 0) + 1
    another()
  })
  socket.write(what())
}
for (let k = 0; k < 50; k++) another()
process.on('exit', () => console.log(JSON.stringify({ perSecond: Math.round(tries / seconds), answers })))
