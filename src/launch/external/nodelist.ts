/**
 * The hosts of a Slurm node list, in order: `r[1-2]n[01-02],gpu7` is r1n01 r1n02 r2n01 r2n02 gpu7. Zeros in front are kept; several
 * brackets are a product, the first the slowest.
 */
export function expandNodelist(list: string): string[] {
  return list.match(/(?:[^,[\]]+|\[[^\]]*\])+/g)?.flatMap(expand) ?? []
}

function expand(name: string): string[] {
  const match = /^([^[]*)\[([^\]]*)\](.*)$/.exec(name)
  if (match === null) return [name]
  const [, before, inside, after] = match
  return inside!.split(',').flatMap((range) => numbers(range).flatMap((number) => expand(after!).map((rest) => before + number + rest)))
}

function numbers(range: string): string[] {
  const [first, last = first] = range.split('-') as [string, string?]
  const count = Number(last) - Number(first) + 1
  return Array.from({ length: count }, (_, k) => String(Number(first) + k).padStart(first.length, '0'))
}
