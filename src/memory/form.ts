/**
 * Which bytes are picked, and in which order: loops around a list of runs. Of what repeats regularly (a column, a box) the list is one run
 * and there is a loop for each dimension; what does not is a longer list.
 */
export interface Form {
  /** The outermost first. */
  readonly loops: readonly Loop[]
  /** Where each run of the list begins, in bytes from the origin, and how long it is. */
  readonly offsets: ArrayLike<number>
  readonly lengths: ArrayLike<number>
}

export interface Loop {
  readonly count: number
  /** Bytes from one turn to the next; may be less than nothing. */
  readonly stride: number
}

export const NO_FORM: Form = { loops: [], offsets: [], lengths: [] }

/** `bytes` in a row. */
export const block = (bytes: number): Form => (bytes === 0 ? NO_FORM : { loops: [], offsets: [0], lengths: [bytes] })

/** The same so many times, `stride` bytes apart. What touches becomes one run, and two loops that go on alike become one. */
export function repeat(form: Form, count: number, stride: number): Form {
  const { loops, offsets, lengths } = form
  if (count === 1) return form
  if (count === 0 || offsets.length === 0) return NO_FORM
  const [outer] = loops
  if (outer === undefined && offsets.length === 1 && stride === lengths[0]) return { loops, offsets, lengths: [stride * count] }
  if (outer !== undefined && stride === outer.count * outer.stride) {
    return { ...form, loops: [{ count: outer.count * count, stride: outer.stride }, ...loops.slice(1)] }
  }
  return { ...form, loops: [{ count, stride }, ...loops] }
}

/** Moves a form by so many bytes. */
export function shift(form: Form, by: number): Form {
  return by === 0 ? form : { ...form, offsets: Array.from(form.offsets, (offset) => offset + by) }
}

/** Makes one list of many forms, in order. */
export class FormList {
  readonly #offsets: number[] = []
  readonly #lengths: number[] = []

  /** All runs of a form, from `by` on. */
  add(form: Form, by: number): void {
    const { loops, offsets, lengths } = form
    if (loops.length === 0) for (let k = 0; k < offsets.length; k++) this.#push(by + offsets[k]!, lengths[k]!)
    else {
      const [{ count, stride }, ...inner] = loops as [Loop, ...Loop[]]
      for (let turn = 0; turn < count; turn++) this.add({ ...form, loops: inner }, by + turn * stride)
    }
  }

  #push(offset: number, length: number): void {
    const last = this.#offsets.length - 1
    if (last >= 0 && this.#offsets[last]! + this.#lengths[last]! === offset) this.#lengths[last]! += length
    else {
      this.#offsets.push(offset)
      this.#lengths.push(length)
    }
  }

  /** As a loop where the runs are as long and as far apart as each other. */
  done(): Form {
    const [offsets, lengths] = [this.#offsets, this.#lengths]
    const count = offsets.length
    if (count < 2) return count === 0 ? NO_FORM : { loops: [], offsets, lengths }
    const stride = offsets[1]! - offsets[0]!
    const regular = offsets.every((offset, k) => lengths[k] === lengths[0] && offset === offsets[0]! + k * stride)
    if (regular) return { loops: [{ count, stride }], offsets: [offsets[0]!], lengths: [lengths[0]!] }
    return { loops: [], offsets: Float64Array.from(offsets), lengths: Float64Array.from(lengths) }
  }
}

/** Bytes that are picked. */
export function bytesIn({ loops, lengths }: Form): number {
  let bytes = 0
  for (let k = 0; k < lengths.length; k++) bytes += lengths[k]!
  for (const { count } of loops) bytes *= count
  return bytes
}

/** The first byte that is picked, and the one behind the last. */
export function boundsOf({ loops, offsets, lengths }: Form): readonly [start: number, end: number] {
  if (offsets.length === 0) return [0, 0]
  let start = Number.POSITIVE_INFINITY
  let end = Number.NEGATIVE_INFINITY
  for (let k = 0; k < offsets.length; k++) {
    start = Math.min(start, offsets[k]!)
    end = Math.max(end, offsets[k]! + lengths[k]!)
  }
  for (const { count, stride } of loops) {
    const reach = (count - 1) * stride
    if (reach < 0) start += reach
    else end += reach
  }
  return [start, end]
}

/** Tells each run, in order. */
export function eachRun(form: Form, tell: (offset: number, length: number) => void): void {
  const { loops, offsets, lengths } = form
  const visit = (level: number, by: number): void => {
    const loop = loops[level]
    if (loop === undefined) for (let k = 0; k < offsets.length; k++) tell(by + offsets[k]!, lengths[k]!)
    else for (let turn = 0; turn < loop.count; turn++) visit(level + 1, by + turn * loop.stride)
  }
  visit(0, 0)
}

/** Whether a byte is picked twice. */
export function overlapsItself(form: Form): boolean {
  return !isClearlyApart(form) && meet(sortedRuns(form))
}

/** Whether two forms over one memory pick a byte in common. */
export function overlapEachOther(a: Form, b: Form): boolean {
  const [[aStart, aEnd], [bStart, bEnd]] = [boundsOf(a), boundsOf(b)]
  if (aEnd <= bStart || bEnd <= aStart) return false
  const [runs, others] = [sortedRuns(a), sortedRuns(b)]
  for (let i = 0, j = 0; i < runs.length && j < others.length; ) {
    const [start, end] = runs[i]!
    const [otherStart, otherEnd] = others[j]!
    if (start < otherEnd && otherStart < end) return true
    if (end <= otherStart) i++
    else j++
  }
  return false
}

/** Each loop, from the shortest stride on, steps over all that is within it. */
function isClearlyApart({ loops, offsets, lengths }: Form): boolean {
  if (offsets.length > 1 && meet(sortedRuns({ loops: [], offsets, lengths }))) return false
  const [start, end] = boundsOf({ loops: [], offsets, lengths })
  let span = end - start
  for (const { count, stride } of [...loops].sort((a, b) => Math.abs(a.stride) - Math.abs(b.stride))) {
    if (Math.abs(stride) < span) return false
    span += (count - 1) * Math.abs(stride)
  }
  return true
}

type Run = readonly [start: number, end: number]

function sortedRuns(form: Form): Run[] {
  const runs: Run[] = []
  eachRun(form, (offset, length) => runs.push([offset, offset + length]))
  return runs.sort(([a], [b]) => a - b)
}

const meet = (runs: readonly Run[]): boolean => runs.some(([start], k) => k > 0 && runs[k - 1]![1] > start)
