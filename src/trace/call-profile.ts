/** Calls of one place in the program. */
export interface PlaceProfile {
  /** `file:line:column`; undefined where that was not seen. */
  readonly place: string | undefined
  /** Which: 'recv', 'allreduce'. */
  readonly call: string
  count: number
  /** Milliseconds from each call to its end, added up. */
  total: number
  /** The part of the rank's time in which one of them was what it waited for. */
  waited: number
}

/** Where the time of a rank has gone. */
export interface RankProfile {
  /** Milliseconds from its start to its end. */
  readonly time: number
  /** Those in which at least one of its calls was under way. */
  readonly waited: number
  /** Whether counts by place are estimates: the place of each call is known of the first ones only. */
  readonly isEstimate: boolean
  readonly places: readonly PlaceProfile[]
  /** What it has sent to whom, collectives and streams included. */
  readonly sent: readonly { readonly to: number | string; readonly messages: number; readonly bytes: number }[]
}

/** That of all ranks of a job. */
export class CallProfile {
  readonly ranks: { readonly rank: number; readonly title: string; readonly profile: RankProfile }[] = []

  add(rank: number, title: string, profile: RankProfile): void {
    this.ranks.push({ rank, title, profile })
    this.ranks.sort((one, other) => one.rank - other.rank)
  }

  /** Calls of all ranks by their place, those of the longest time first. */
  places(): PlaceProfile[] {
    const places = new Map<string, PlaceProfile>()
    for (const { profile } of this.ranks) {
      for (const { place, call, count, total, waited } of profile.places) {
        const key = `${place} ${call}`
        const known = places.get(key)
        if (known === undefined) places.set(key, { place, call, count, total, waited })
        else {
          known.count += count
          known.total += total
          known.waited += waited
        }
      }
    }
    return [...places.values()].sort((one, other) => other.total - one.total || other.count - one.count)
  }
}
