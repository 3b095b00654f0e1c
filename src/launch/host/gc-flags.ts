import { setFlagsFromString } from 'node:v8'

/**
 * Tells V8's garbage collector that what is allocated soon dies.
 *
 * V8 watches which places in a program make objects that live long, and has those put straight among the old ones. A rank that once kept
 * a thousand requests looks like that; from then on each dead message among the old objects keeps the next one alive, until the old ones
 * are collected: an allreduce of a number took five times as long (ADR 8).
 */
export function expectShortLives(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}
