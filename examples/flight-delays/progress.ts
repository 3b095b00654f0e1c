import { Presets, SingleBar } from 'cli-progress'

/** A bar on standard error while that is a terminal; nothing at all where it is a file or a pipe. */
export function progressBar(flights: number): SingleBar {
  const format = '{bar} {percentage} % of {total} flights'
  const bar = new SingleBar({ stream: process.stderr, format, hideCursor: true, clearOnComplete: true }, Presets.shades_classic)
  bar.start(flights, 0)
  return bar
}
