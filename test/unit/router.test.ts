import { FAILED } from '../../src/transport/shared/host-memory.js'
import { hosts } from '../compliance/hosts.js'

test('a host is not at rest while its ranks have still to hear that another is no more', async () => {
  const world = await hosts(3, 3)
  const [router] = world.routers
  try {
    expect(router!.atRest).toBe(true)
    router!.gone(2, FAILED)
    expect(router!.atRest).toBe(false)
    router!.poll()
    expect(router!.atRest).toBe(true)
  } finally {
    await world.close()
  }
})
