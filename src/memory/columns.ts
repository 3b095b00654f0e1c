/**
 * Copies elements that lie apart: so many of each of `blocks` blocks, which begin `step` elements after each other where they come from and
 * `leap` where they go to.
 *
 * Each has one loop, without another in it: that takes twice as long. V8 compiles a function for what it has met, so each has one kind of
 * arrays; and once it has met a number that is no integer of 32 bits it computes with doubles, so everything is made one. Bits are moved
 * and not numbers: V8 keeps those of a NaN.
 */
export type Column<A> = (from: A, start: number, step: number, to: A, at: number, leap: number, blocks: number) => void

export const eightDoubles: Column<Float64Array> = (from, start, step, to, at, leap, blocks) => {
  const onward = step | 0
  const ahead = leap | 0
  const turns = blocks | 0
  let source = start | 0
  let target = at | 0
  for (let k = 0; k < turns; k = (k + 1) | 0) {
    to[target] = from[source]!
    to[(target + 1) | 0] = from[(source + 1) | 0]!
    to[(target + 2) | 0] = from[(source + 2) | 0]!
    to[(target + 3) | 0] = from[(source + 3) | 0]!
    to[(target + 4) | 0] = from[(source + 4) | 0]!
    to[(target + 5) | 0] = from[(source + 5) | 0]!
    to[(target + 6) | 0] = from[(source + 6) | 0]!
    to[(target + 7) | 0] = from[(source + 7) | 0]!
    source = (source + onward) | 0
    target = (target + ahead) | 0
  }
}

export const fourDoubles: Column<Float64Array> = (from, start, step, to, at, leap, blocks) => {
  const onward = step | 0
  const ahead = leap | 0
  const turns = blocks | 0
  let source = start | 0
  let target = at | 0
  for (let k = 0; k < turns; k = (k + 1) | 0) {
    to[target] = from[source]!
    to[(target + 1) | 0] = from[(source + 1) | 0]!
    to[(target + 2) | 0] = from[(source + 2) | 0]!
    to[(target + 3) | 0] = from[(source + 3) | 0]!
    source = (source + onward) | 0
    target = (target + ahead) | 0
  }
}

export const twoDoubles: Column<Float64Array> = (from, start, step, to, at, leap, blocks) => {
  const onward = step | 0
  const ahead = leap | 0
  const turns = blocks | 0
  let source = start | 0
  let target = at | 0
  for (let k = 0; k < turns; k = (k + 1) | 0) {
    to[target] = from[source]!
    to[(target + 1) | 0] = from[(source + 1) | 0]!
    source = (source + onward) | 0
    target = (target + ahead) | 0
  }
}

export const oneDouble: Column<Float64Array> = (from, start, step, to, at, leap, blocks) => {
  const onward = step | 0
  const ahead = leap | 0
  const turns = blocks | 0
  let source = start | 0
  let target = at | 0
  for (let k = 0; k < turns; k = (k + 1) | 0) {
    to[target] = from[source]!
    source = (source + onward) | 0
    target = (target + ahead) | 0
  }
}

/** At any byte. Here and in the following, a step is of bytes. */
export const bytes32: Column<DataView> = (from, start, step, to, at, leap, blocks) => {
  const onward = step | 0
  const ahead = leap | 0
  const turns = blocks | 0
  let source = start | 0
  let target = at | 0
  for (let k = 0; k < turns; k = (k + 1) | 0) {
    to.setFloat64(target, from.getFloat64(source, true), true)
    to.setFloat64((target + 8) | 0, from.getFloat64((source + 8) | 0, true), true)
    to.setFloat64((target + 16) | 0, from.getFloat64((source + 16) | 0, true), true)
    to.setFloat64((target + 24) | 0, from.getFloat64((source + 24) | 0, true), true)
    source = (source + onward) | 0
    target = (target + ahead) | 0
  }
}

export const bytes8: Column<DataView> = (from, start, step, to, at, leap, blocks) => {
  const onward = step | 0
  const ahead = leap | 0
  const turns = blocks | 0
  let source = start | 0
  let target = at | 0
  for (let k = 0; k < turns; k = (k + 1) | 0) {
    to.setFloat64(target, from.getFloat64(source, true), true)
    source = (source + onward) | 0
    target = (target + ahead) | 0
  }
}

export const bytes4: Column<DataView> = (from, start, step, to, at, leap, blocks) => {
  const onward = step | 0
  const ahead = leap | 0
  const turns = blocks | 0
  let source = start | 0
  let target = at | 0
  for (let k = 0; k < turns; k = (k + 1) | 0) {
    to.setInt32(target, from.getInt32(source, true), true)
    source = (source + onward) | 0
    target = (target + ahead) | 0
  }
}

export const bytes2: Column<DataView> = (from, start, step, to, at, leap, blocks) => {
  const onward = step | 0
  const ahead = leap | 0
  const turns = blocks | 0
  let source = start | 0
  let target = at | 0
  for (let k = 0; k < turns; k = (k + 1) | 0) {
    to.setInt16(target, from.getInt16(source, true), true)
    source = (source + onward) | 0
    target = (target + ahead) | 0
  }
}

export const bytes1: Column<DataView> = (from, start, step, to, at, leap, blocks) => {
  const onward = step | 0
  const ahead = leap | 0
  const turns = blocks | 0
  let source = start | 0
  let target = at | 0
  for (let k = 0; k < turns; k = (k + 1) | 0) {
    to.setInt8(target, from.getInt8(source))
    source = (source + onward) | 0
    target = (target + ahead) | 0
  }
}
