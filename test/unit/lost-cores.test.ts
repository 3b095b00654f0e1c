import { LostCores } from '../../src/transport/shared/lost-cores.js'

/** Waits that block until giving way is tried again. */
function restOf(lost: LostCores): number {
  for (let waits = 0; ; waits++) {
    if (!lost.areFeared) return waits
    lost.blocked()
  }
}

describe('giving way where ranks outnumber cores', () => {
  it('goes on while it is short', () => {
    const lost = new LostCores()
    for (let k = 0; k < 10_000; k++) lost.took(0.05)
    expect(lost.areFeared).toBe(false)
  })

  it('rests after the core was lost, twice as long each time, to an end', () => {
    const lost = new LostCores()
    const rests = Array.from({ length: 7 }, () => {
      lost.took(4)
      return restOf(lost)
    })
    expect(rests).toEqual([64, 128, 256, 512, 1024, 1024, 1024])
  })

  it('rests less again where it does well', () => {
    const lost = new LostCores()
    for (let k = 0; k < 4; k++) {
      lost.took(4)
      restOf(lost)
    }
    for (let k = 0; k < 10_000; k++) lost.took(0.01)
    lost.took(4)
    expect(restOf(lost)).toBe(64)
  })
})
