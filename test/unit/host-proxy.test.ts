import { randomBytes } from 'node:crypto'
import { FabricSites } from '../../src/launch/host/fabric-sites.js'
import { HostProxy, type Seated } from '../../src/launch/host/host-proxy.js'
import { Control, type FromHost, type HostSetup, LAUNCHER, type ToHost } from '../../src/launch/protocol/host-protocol.js'
import { allocateHost } from '../../src/transport/shared/host-memory.js'
import { Token } from '../../src/transport/websocket/challenge.js'
import { Mesh } from '../../src/transport/websocket/mesh.js'
import { PATIENCE_MS, until } from './until.js'

/** A rank that runs already, and does nothing. */
const seated: Seated = {
  mayShare: false,
  seat: () => allocateHost(1, { host: 0, hosts: [0] }),
  begin: () => undefined,
  host: () => ({ ended: false }) as never
}

const setup = {
  hosts: [0],
  hostNames: undefined,
  certificate: undefined,
  args: [],
  env: { all: {} },
  threads: 1,
  resident: false,
  shares: false,
  cwd: undefined,
  output: 'launcher'
} as unknown as HostSetup

const open: Mesh[] = []
afterEach(() => {
  jest.restoreAllMocks()
  for (const mesh of open.splice(0)) mesh.close()
})

it('ends as the launcher has said, though that is gone before all is closed here', async () => {
  const [job, secret] = ['job', randomBytes(32)]
  const launcher = new Mesh({
    self: LAUNCHER,
    size: 1,
    token: new Token(secret, job),
    reconnectMs: 2000,
    startMs: PATIENCE_MS,
    expects: () => true
  })
  open.push(launcher)
  const port = await launcher.listen('127.0.0.1', 0, undefined)
  const link = launcher.link(0)
  const told: FromHost[] = []
  const control = new Control<ToHost, FromHost>(
    link,
    (message) => told.push(message),
    () => undefined
  )
  const exits: [status: number, reason?: string | undefined][] = []
  const card = { job, token: secret.toString('base64url'), addresses: ['127.0.0.1'], port }
  const rendezvous = { ...card, host: 0, size: 1, bySsh: false, reconnectMs: 2000, startMs: PATIENCE_MS }
  new HostProxy(rendezvous, (status, reason) => exits.push([status, reason]), seated)
  control.send({ type: 'setup', setup })
  await until(() => told.some(({ type }) => type === 'listening'))

  let closed!: () => void
  jest.spyOn(FabricSites.prototype, 'close').mockReturnValue(
    new Promise((resolve) => {
      closed = resolve
    })
  )
  const failed = jest.spyOn(Control.prototype, 'failed')
  control.send({ type: 'close', status: 5 })
  await until(() => link.settled)
  link.close()
  await until(() => failed.mock.calls.length > 0)
  closed()
  await until(() => exits.length > 0)
  expect(exits).toEqual([[5, undefined]])
})
