/** A PNG from standard input, in at most 40 colours: those that most of it has, and of the others the nearest of these. */
import { buffer } from 'node:stream/consumers'
import { decode, encode } from 'fast-png'

const COLOURS = 40
const { width, height, data, channels } = decode(await buffer(process.stdin))
const counts = new Map()
const colours = Array.from({ length: width * height }, (_, k) => {
  const [red, green, blue] = [0, 1, 2].map((channel) => data[k * channels + channel])
  const colour = (red << 16) | (green << 8) | blue
  counts.set(colour, (counts.get(colour) ?? 0) + 1)
  return colour
})
/** Colours count more than greys, of which some more or less are not seen. */
const weight = ([colour, count]) => {
  const channels = [colour >> 16, (colour >> 8) & 255, colour & 255]
  return count * (1 + (Math.max(...channels) - Math.min(...channels)) / 16)
}
const most = [...counts].sort((one, other) => weight(other) - weight(one)).map(([colour]) => colour)
const palette = most.slice(0, COLOURS).map((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255])
const nearest = new Map(most.map((colour, k) => [colour, k < COLOURS ? k : nearestOf(colour)]))
process.stdout.write(
  encode({ width, height, channels: 1, depth: 8, palette, data: Uint8Array.from(colours, (colour) => nearest.get(colour)) })
)

function nearestOf(colour) {
  let [best, least] = [0, Number.POSITIVE_INFINITY]
  for (const [k, [red, green, blue]] of palette.entries()) {
    const far = (red - (colour >> 16)) ** 2 + (green - ((colour >> 8) & 255)) ** 2 + (blue - (colour & 255)) ** 2
    if (far < least) [best, least] = [k, far]
  }
  return best
}
