import type { Make } from '../collective/definition.js'
import { barrierOf } from '../collective/definitions/barrier.js'
import type { CommunicatorCore } from '../core/communicator-core.js'
import type { Group } from '../core/group.js'
import type { CallSite } from '../diagnostics/call-site.js'
import { SIGNAL } from '../diagnostics/option-names.js'
import { FreedError } from '../errors.js'
import type { Viewed } from '../layout/view.js'
import { CONTROL } from '../progress/context-ids.js'
import type { Unfreed } from '../progress/endpoint.js'
import type { Request } from '../request/request.js'
import type { OwnCaller } from '../service/rounds.js'
import type { Service } from '../service/service.js'
import { ActiveTarget } from './active-target.js'
import { AtOnce } from './at-once.js'
import { Attachments } from './attachments.js'
import { Calls } from './calls.js'
import { Changes } from './changes.js'
import { Communication } from './communication.js'
import { Epochs } from './epochs.js'
import { LockKeeper } from './lock-keeper.js'
import { Notifications } from './notifications.js'
import type { WindowCallOptions } from './options.js'
import type { Part } from './part.js'
import { PassiveTarget } from './passive-target.js'
import { PendingRequests } from './pending-requests.js'
import { Pipelines } from './pipeline.js'
import { Targets } from './targets.js'
import { CollectiveCalls } from './together.js'
import type { Waits } from './waits.js'

/** What the making of a window has found. */
export interface WindowParts {
  readonly caller: OwnCaller
  readonly service: Service
  readonly waits: Waits
  readonly parts: readonly Part[]
  readonly whole: Viewed | undefined
  readonly name: string
  readonly group: Group
  readonly parent: CommunicatorCore
  readonly site: CallSite | undefined
  /** Gives up what lets other processes reach this rank's memory. */
  readonly release: (() => void) | undefined
}

const makeClose: Make<null, null> = () => ({ ...barrierOf<null>(), name: 'win.close' })

/** What a window is inside: who does which of its calls, and how it ends, on this rank or on another. The public class delegates to it. */
export class WindowCore {
  readonly requests: PendingRequests
  readonly targets: Targets
  readonly attachments: Attachments
  readonly atOnce: AtOnce
  readonly communication: Communication
  readonly activeTarget: ActiveTarget
  readonly passiveTarget: PassiveTarget
  readonly notifications: Notifications
  readonly changes: Changes
  readonly #caller: OwnCaller
  readonly #service: Service
  readonly #waits: Waits
  readonly #name: string
  readonly #own: Part
  readonly #release: (() => void) | undefined
  readonly #epochs = new Epochs()
  readonly #keeper: LockKeeper
  readonly #calls: Calls
  readonly #together: CollectiveCalls
  /** What stands for it in a report of what was not freed. */
  readonly #unfreed: Unfreed

  constructor({ caller, service, waits, parts, name, group, parent, release }: WindowParts, unfreed: Unfreed) {
    const { core } = service
    const epochs = this.#epochs
    const own = parts[core.rank]!
    const pipelines = new Pipelines(core.size)
    const requests = new PendingRequests(core)
    const attachments = new Attachments(name, own)
    const targets = new Targets(core, name, group, parts, attachments)
    const together = new CollectiveCalls(caller, pipelines)
    const notifications = new Notifications(service, waits)
    const changes = new Changes(service, waits)
    const keeper = new LockKeeper(service)
    const atOnce = new AtOnce(parts, pipelines.all, epochs, changes)
    this.#caller = caller
    this.#service = service
    this.#waits = waits
    this.#name = name
    this.#own = own
    this.#release = release
    this.#unfreed = unfreed
    this.#keeper = keeper
    this.#together = together
    this.#calls = new Calls({ service, pipelines: pipelines.all, keeper, changes, notifications, attachments })
    this.requests = requests
    this.targets = targets
    this.attachments = attachments
    this.atOnce = atOnce
    this.communication = new Communication(requests, targets, epochs, this.#calls)
    this.activeTarget = new ActiveTarget({ service, waits, requests, targets, epochs, pipelines, together })
    this.passiveTarget = new PassiveTarget({ service, requests, targets, epochs, pipelines, atOnce })
    this.notifications = notifications
    this.changes = changes
    if (own.control !== undefined) {
      keeper.control = own.control
      changes.control = own.control
    }
    this.#hear(parent)
    core.endpoint.unfreed.add(unfreed)
    service.open()
  }

  /** Frees it on all ranks. `Window` documents it. */
  close(options: WindowCallOptions = {}): Request<void> {
    return this.requests.begin<void>(SIGNAL, options, (request) => {
      this.#epochs.fence('close')
      this.#together.begin(request, makeClose, options, () => {
        request.settle(null, undefined)
        this.#end(new FreedError(`window '${this.#name}' was closed`), true)
      })
    })
  }

  /** Gives it up on this rank. */
  free(): void {
    if (this.requests.obstacle !== undefined) return
    this.#end(new FreedError(`window '${this.#name}' was freed on this rank; make it again, or free it later`), false)
  }

  /** What becomes of its ranks, and of the communicator that it was made of. */
  #hear(parent: CommunicatorCore): void {
    const { core } = this.#service
    const { parts } = this.targets
    this.#service.onGone((rank) => {
      parts[rank]!.isEnded = true
    })
    this.#service.onLeft<readonly [number]>((rank, [ended]) => this.#lose(rank, ended))
    for (let rank = 0; rank < core.size; rank++) {
      if (core.endpoint.whyGone(core.memberOf(rank)) !== undefined) parts[rank]!.isEnded = true
    }
    core.attach({
      breakOff: () => {
        this.atOnce.isShut = true
      }
    })
    for (const one of [this.#caller.core, core]) parent.leads(one)
  }

  /** Another rank has given the window up. */
  #lose(rank: number, ended: number): void {
    this.targets.parts[rank]!.isEnded = true
    if (this.requests.obstacle !== undefined) return
    this.#waits.lose(rank, this.targets.whyEnded(rank)!)
    this.#together.breakOff(new FreedError(`rank ${rank} has freed window '${this.#name}', which this call needs all ranks for`), ended)
  }

  #end(obstacle: FreedError, isOrderly: boolean): void {
    if (this.requests.obstacle !== undefined) return
    this.requests.obstacle = obstacle
    this.atOnce.isShut = true
    this.#calls.obstacle = obstacle
    this.#keeper.end(obstacle)
    const { core } = this.#service
    core.endpoint.unfreed.delete(this.#unfreed)
    this.#own.control?.free()
    this.#release?.()
    this.passiveTarget.end()
    if (!isOrderly) {
      this.requests.fail(obstacle)
    }
    this.#waits.end(obstacle, isOrderly)
    core.endpoint.transport.unattend?.(core.id + CONTROL)
    if (isOrderly) this.#service.close()
    else this.#service.leave(obstacle, [this.#together.ended])
    this.#caller.core.release()
  }
}
