import { defer, exhaustMap, finalize, map, merge, type Observable, ReplaySubject, Subject, share, take, takeUntil, timer } from 'rxjs'
import type { ObservedJob } from '../protocol/job-observer.js'
import { JobView } from './job-view.js'
import type { Picture } from './model/picture.js'
import { DashboardServer } from './server.js'

const PERIOD_MS = 500

/** A page of a running job, from before its ranks start to its end. */
export class Dashboard {
  readonly view: JobView
  readonly #server: DashboardServer
  readonly #last: Subject<Picture>

  private constructor(view: JobView, server: DashboardServer, last: Subject<Picture>) {
    this.view = view
    this.#server = server
    this.#last = last
  }

  /** Resolves once a browser can open it. */
  static async open(port: number, about: { program: string; args: readonly string[] }): Promise<Dashboard> {
    const view = new JobView({ ...about, began: Date.now() })
    const last = new Subject<Picture>()
    return new Dashboard(view, await DashboardServer.open(port, pictures(view, last)), last)
  }

  get address(): string {
    return this.#server.address
  }

  follow(job: ObservedJob): void {
    this.view.follow(job)
  }

  /** The job is over: tells the pages so, which keep what they show. */
  async close(status: number): Promise<void> {
    this.#last.next(this.view.picture(status))
    await this.#server.close()
  }
}

/** As text, twice a second while somebody looks, the same for all who do; and the last one. */
export function pictures(view: Pick<JobView, 'look' | 'rest'>, last: Observable<Picture>): Observable<string> {
  const running = defer(() => timer(0, PERIOD_MS)).pipe(
    exhaustMap(() => view.look()),
    takeUntil(last),
    finalize(() => view.rest())
  )
  return merge(running, last.pipe(take(1))).pipe(
    map((picture) => JSON.stringify(picture)),
    share({ connector: () => new ReplaySubject(1), resetOnComplete: false })
  )
}
