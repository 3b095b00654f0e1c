/**
 * So many ranks as a grid of `count` dimensions, as square as its prime factors allow, not increasing: each factor, the largest first, goes
 * to the dimension that is the smallest so far. What MPI_Dims_create of Open MPI does.
 */
export function squareDims(ranks: number, count: number): number[] {
  const dims = new Array<number>(count).fill(1)
  for (const factor of primeFactors(ranks).reverse()) {
    let smallest = 0
    for (let d = 1; d < count; d++) if (dims[d]! < dims[smallest]!) smallest = d
    dims[smallest]! *= factor
  }
  return dims.sort((a, b) => b - a)
}

/** In ascending order. */
function primeFactors(of: number): number[] {
  const factors: number[] = []
  let rest = of
  for (let factor = 2; factor * factor <= rest; factor += factor === 2 ? 1 : 2) {
    while (rest % factor === 0) {
      factors.push(factor)
      rest /= factor
    }
  }
  if (rest > 1) factors.push(rest)
  return factors
}
