import { below, type CollectivesBinding, inTurn, results } from './binding.js'

export function barrier(binding: CollectivesBinding): void {
  test.each(binding.sizes)('nobody leaves a barrier before all of %i ranks have come', async (size) => {
    const come: number[] = []
    const left: number[][] = []
    await results(binding, size, (comm) =>
      inTurn(
        below(3).map((round) => () => {
          come[round] = (come[round] ?? 0) + 1
          const request = comm.ibarrier()
          request.subscribe(() => {
            left[round] = [...(left[round] ?? []), come[round]!]
          })
          return request
        })
      )
    )
    expect(left).toEqual(below(3).map(() => below(size).map(() => size)))
  })
}
