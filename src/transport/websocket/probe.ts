import { connect } from 'node:net'

/** Looks whether anybody listens at a port: calls `refused` when the machine is there and nobody does. */
export function probe(address: { host: string; port: number }, refused: () => void): void {
  const socket = connect(address)
  socket.on('connect', () => socket.destroy())
  socket.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'ECONNREFUSED') refused()
  })
}
