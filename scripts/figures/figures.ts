import { collectiveBlocks, parallelSum } from './collective-blocks.js'
import { communicatorFigures } from './communicators.js'
import type { Figure } from './figure.js'
import { memoryFigures } from './memory.js'
import { messageFigures } from './messages.js'
import { pingPong } from './ping-pong.js'
import { schemes } from './schemes.js'
import { streamFigures } from './streams.js'

/** All pictures of the course. */
export const figures: readonly Figure[] = [
  ...schemes,
  ...messageFigures,
  parallelSum,
  ...streamFigures,
  ...communicatorFigures,
  ...collectiveBlocks,
  ...memoryFigures,
  pingPong
]
