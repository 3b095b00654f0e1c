import type { Writable } from 'node:stream'
import type { Terminal } from '../../runtime/rank-protocol.js'

const ESCAPE = '\x1b['

/** What `tty.WriteStream` has beyond a stream, so that progress bars and colours work in a rank that has a terminal for itself. */
export function asTerminal(stream: Writable, { columns, rows, colorDepth }: Terminal): void {
  const write = (text: string, callback?: () => void): boolean => stream.write(text, callback)
  Object.assign(stream, {
    isTTY: true,
    columns,
    rows,
    getWindowSize: () => [columns, rows],
    getColorDepth: () => colorDepth,
    hasColors: (count: unknown = 16) => (typeof count === 'number' ? count : 16) <= 2 ** colorDepth,
    cursorTo: (x: number, y?: number | (() => void), callback?: () => void) =>
      typeof y === 'number' ? write(`${ESCAPE}${y + 1};${x + 1}H`, callback) : write(`${ESCAPE}${x + 1}G`, y ?? callback),
    moveCursor: (dx: number, dy: number, callback?: () => void) => write(`${move(dx, 'C', 'D')}${move(dy, 'B', 'A')}`, callback),
    clearLine: (direction: -1 | 0 | 1, callback?: () => void) => write(`${ESCAPE}${direction < 0 ? 1 : direction > 0 ? 0 : 2}K`, callback),
    clearScreenDown: (callback?: () => void) => write(`${ESCAPE}0J`, callback)
  })
}

function move(distance: number, forward: string, back: string): string {
  return distance === 0 ? '' : `${ESCAPE}${Math.abs(distance)}${distance > 0 ? forward : back}`
}
