/** Calls that are made once and started, beside the plain ones. */

import { COMM_WORLD as comm, SUM } from 'rxmpi'
import type { Step } from '../plan.js'
import { report, steps, time } from './measure.js'

const other = 1 - comm.rank

/** A ping-pong of 8 bytes, plain or started. */
function pingPong({ size }: Step) {
  const data = new Float64Array(1)
  const [send, receive] = [comm.sendInit(data, { dest: other }), comm.recvInit({ source: other, into: data })]
  const isStarted = size === 1
  const out = () => (isStarted ? send.start().wait() : comm.send(data, { dest: other }))
  const back = () => (isStarted ? receive.start().wait() : comm.recv({ source: other, into: data }))
  return async (iterations: number) => {
    for (let k = 0; k < iterations; k++) {
      if (comm.rank === 0) await out()
      await back()
      if (comm.rank === 1) await out()
    }
  }
}

function allreduce({ size }: Step) {
  const [own, into] = [new Float64Array(1).fill(1), new Float64Array(1)]
  const made = comm.allreduceInit(own, SUM, { into })
  const one = size === 1 ? () => made.start().wait() : () => comm.allreduce(own, SUM, { into })
  return async (iterations: number) => {
    for (let k = 0; k < iterations; k++) await one()
  }
}

/** 1 MiB there and back, in so many partitions, each said to be ready by itself; 1 is a plain send. */
function partitions({ size = 1 }: Step) {
  const data = new Float64Array(2 ** 17)
  const out = comm.psendInit(data, { dest: other, partitions: size })
  const inn = comm.precvInit({ source: other, into: data, partitions: size })
  const send = async () => {
    if (size === 1) return comm.send(data, { dest: other })
    const sent = out.start()
    for (let part = 0; part < size; part++) out.ready(part)
    await sent.wait()
  }
  const receive = () => (size === 1 ? comm.recv({ source: other, into: data }) : inn.start().wait())
  return async (iterations: number) => {
    for (let k = 0; k < iterations; k++) {
      if (comm.rank === 0) await send()
      await receive()
      if (comm.rank === 1) await send()
    }
  }
}

const rows: Record<string, (step: Step) => (iterations: number) => Promise<void>> = { send: pingPong, allreduce, partitions }

for (const step of steps) report(step, ((await time(step, rows[step.row]!(step))) * 1000) / (step.row === 'allreduce' ? 1 : 2))
