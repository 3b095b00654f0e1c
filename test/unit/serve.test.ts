import { createRequire } from 'node:module'
import { INSTALL_SOCKETS, libraryHere, load } from '../../src/transport/websocket/serve.js'

describe('what serves links between hosts', () => {
  it('is uWebSockets.js where it is installed', () =>
    expect(libraryHere()).toEqual({ uws: expect.objectContaining({ SSLApp: expect.any(Function) }) }))

  it("is Node's sockets where it is not, and nothing is wrong: how to install it is told", () => {
    const elsewhere = createRequire('/')
    expect(load((name) => elsewhere(name))).toEqual({ why: `uWebSockets.js is not installed (${INSTALL_SOCKETS})` })
  })

  it("is Node's sockets where the system lacks what the binary needs, which is told", () => {
    const error = new Error("This version of uWS.js supports only Node.js versions 16\n\nError: libc.so.6: version `GLIBC_2.38' not found")
    const fail = (): never => {
      throw error
    }
    expect(load(fail)).toEqual({ why: "uWebSockets.js does not load here: libc.so.6: version `GLIBC_2.38' not found", isBroken: true })
  })

  it.each<[string, Error]>([
    ['has no binary for this platform', new Error('This version of uWS.js supports only Node.js versions 16 and 18\n\nmore')],
    ['lacks a file', Object.assign(new Error("Cannot find module './uws_linux_x64_115.node'"), { code: 'MODULE_NOT_FOUND' })]
  ])("is Node's sockets where it %s, and whoever has installed it is told", (_, error) =>
    expect(
      load(() => {
        throw error
      })
    ).toEqual({ why: `uWebSockets.js does not load here: ${error.message.split('\n')[0]}`, isBroken: true })
  )
})
