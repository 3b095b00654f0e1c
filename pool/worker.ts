/** The program of a launched pool's ranks. */
import { COMM_WORLD } from '../src/world.js'
import { serve } from './serve.js'

await serve(COMM_WORLD, 0)
