import type { Service } from '../service/service.js'

/**
 * Ranks of the root's host see memory of the root, where there is such: `own` is the root's, `come` is called at the others with the same,
 * once it has come. Returns how to want it no more.
 */
export function shareFromRoot(
  service: Service,
  root: number,
  own: SharedArrayBuffer | undefined,
  come: (memory: SharedArrayBuffer) => void
): () => void {
  const { core } = service
  const { transport } = core.endpoint
  const { hosts } = transport
  let stop = (): void => undefined
  if (transport.share === undefined || transport.isVirtual === true) return stop
  const isNear = (rank: number): boolean => hosts === undefined || hosts[core.memberOf(rank)] === hosts[core.memberOf(root)]
  if (own !== undefined) {
    for (let rank = 0; rank < core.size; rank++) {
      if (rank !== root && isNear(rank)) transport.share(core.memberOf(rank), core.id, [own])
    }
  } else if (isNear(core.rank)) {
    stop = core.endpoint.takeShared(core.memberOf(root), core.id, ([memory]) => come(memory!))
    service.onGone((rank) => {
      if (rank === root) stop()
    })
  }
  return stop
}
