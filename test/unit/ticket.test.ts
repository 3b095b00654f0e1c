import { withoutTickets, writeTicket } from '../../src/launch/job/ticket.js'
import { programPath } from '../../src/launch/options/program.js'

describe('arguments that are shown', () => {
  it('have no tickets in them, for these are secrets', () => {
    const ticket = writeTicket({ id: 'a', secret: 'A'.repeat(43), addresses: ['127.0.0.1'], port: 7 })
    expect(withoutTickets(['--fast', ticket, `--at=${ticket}`, 'rxmpi-port: none'])).toEqual([
      '--fast',
      'rxmpi-port:…',
      '--at=rxmpi-port:…',
      'rxmpi-port: none'
    ])
  })
})

describe('a program', () => {
  it.each([undefined, 7, null])('that is %s is refused with what was expected', (program) =>
    expect(() => programPath(program as never)).toThrow(/^program: expected a path or a file: URL such as new URL\(.*\), got /)
  )
})
