/**
 * A pipeline over ranks: rank 0 reads records of many seismometers, the others band-pass them and look for onsets, rank 0 associates what
 * they have found to earthquakes.
 *
 *     npx rxmpi run -n 4 examples/seismic.ts
 *
 * Records come in blocks, for ever if need be: no rank holds more than its window of them, and reading waits for the slowest. The records
 * here are made: noise, and earthquakes whose wave reaches each station a little later than the one before, at times that are known.
 *
 * Filter: Butterworth, by the package Fili. Trigger: STA/LTA, the mean of the last 0.5 s over that of the last 10 s (Allen, BSSA 68(5),
 * 1978).
 */
import Fili from 'fili'
import { mergeMap, type Observable, reduce, tap } from 'rxjs'
import { COMM_WORLD as comm } from 'rxmpi'
import * as mpi from 'rxmpi/operators'

const RATE = 100
const BLOCK = 1000
const SECONDS = 120
const CHANNELS = 12
/** When and how strong. */
const EARTHQUAKES = [
  { at: 23.4, amplitude: 9 },
  { at: 58.1, amplitude: 6 },
  { at: 61.9, amplitude: 8 },
  { at: 97.25, amplitude: 5 }
]
/** From one station to the next. */
const DELAY = 0.04

interface Block {
  channel: number
  /** Its first sample. */
  first: number
  samples: Float64Array
}

interface Onset {
  channel: number
  at: number
}

/** The blocks of all channels, as a digitizer writes them. */
function* blocks(): Generator<Block> {
  const noises = Array.from({ length: CHANNELS }, (_, channel) => noise(channel + 1))
  for (let first = 0; first < SECONDS * RATE; first += BLOCK) {
    for (let channel = 0; channel < CHANNELS; channel++) {
      const samples = Float64Array.from({ length: BLOCK }, (_, k) => noises[channel]() + waves((first + k) / RATE - channel * DELAY))
      yield { channel, first, samples }
    }
  }
}

const waves = (time: number): number => EARTHQUAKES.reduce((sum, { at, amplitude }) => sum + wave(time - at) * amplitude, 0)
const wave = (time: number): number => (time < 0 ? 0 : Math.exp(-time / 0.8) * Math.sin(2 * Math.PI * 8 * time))

/** Uniform, of variance 1, and the same in every run. */
function noise(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state / 2 ** 31) * Math.sqrt(3)
  }
}

/** One station's filter and trigger; it remembers from block to block. */
class Detector {
  readonly #filter = new Fili.IirFilter(
    new Fili.CalcCascades().bandpass({ order: 2, characteristic: 'butterworth', Fs: RATE, Fc: 8, BW: 1, gain: 0, preGain: false })
  )
  #short = 0
  #long = 1
  #armed = true
  #seen = 0

  onsets({ channel, first, samples }: Block): Onset[] {
    const onsets: Onset[] = []
    const filtered = this.#filter.multiStep(Array.from(samples))
    for (let k = 0; k < filtered.length; k++) {
      const energy = filtered[k] * filtered[k]
      this.#short += (energy - this.#short) / (0.5 * RATE)
      this.#long += (energy - this.#long) / (10 * RATE)
      const ratio = this.#short / this.#long
      if (this.#seen++ < 10 * RATE) continue
      if (this.#armed && ratio > 4) {
        this.#armed = false
        onsets.push({ channel, at: (first + k) / RATE })
      } else if (ratio < 1.5) this.#armed = true
    }
    return onsets
  }
}

const workers = comm.size === 1 ? [0] : Array.from({ length: comm.size - 1 }, (_, k) => k + 1)
const detectors = new Map<number, Detector>()
const mine$ = mpi.partitionTo<Block>(comm, ({ channel }) => channel, {
  partitioner: (channel) => workers[Number(channel) % workers.length],
  prefetch: 32
})(comm.rank === 0 ? blocks() : [])
const onsets$ = mine$.pipe(
  mergeMap((block) => {
    const detector = detectors.get(block.channel) ?? new Detector()
    detectors.set(block.channel, detector)
    return detector.onsets(block)
  })
)
onsets$.pipe(mpi.sendTo(comm, { dest: 0, tag: 1 })).subscribe()

if (comm.rank === 0) {
  const all$: Observable<Onset> = mpi.mergeFrom(comm, { sources: Array.from({ length: comm.size }, (_, rank) => rank), tag: 1 })
  let onsets = 0
  all$
    .pipe(
      tap(() => onsets++),
      reduce((list, onset) => list.concat(onset), [] as Onset[])
    )
    .subscribe((list) => {
      const found = associate(list)
      for (const at of found) {
        const nearest = EARTHQUAKES.reduce((best, one) => (Math.abs(one.at - at) < Math.abs(best.at - at) ? one : best))
        console.log(`earthquake at ${at.toFixed(2)} s, ${(at - nearest.at).toFixed(2)} s after its origin`)
      }
      console.log(`${onsets} onsets on ${CHANNELS} stations make ${found.length} earthquakes of ${EARTHQUAKES.length}`)
    })
}

/** Times at which most stations saw an onset within the time that a wave needs for all of them. */
function associate(onsets: Onset[]): number[] {
  const sorted = onsets.map(({ channel, at }) => ({ channel, at: at - channel * DELAY })).sort((a, b) => a.at - b.at)
  const found: number[] = []
  let from = 0
  for (let to = 0; to < sorted.length; to++) {
    while (sorted[to].at - sorted[from].at > 0.5) from++
    const stations = new Set(sorted.slice(from, to + 1).map(({ channel }) => channel))
    if (stations.size < CHANNELS * 0.6) continue
    found.push(sorted[from].at)
    from = to + 1
    while (from < sorted.length && sorted[from].at - found.at(-1)! < 1) from++
    to = from - 1
  }
  return found
}
