/** The city of each airport by its IATA code, out of `airports.csv`: iata, name, city, … */
export function cityNames(csv: string): Map<string, string> {
  const cities = new Map<string, string>()
  for (const line of csv.split('\n')) {
    const [code, , city] = fields(line)
    if (city) cities.set(code, city)
  }
  return cities
}

/** A field in quotes may hold commas. */
const fields = (line: string): string[] =>
  Array.from(line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g), ([, quoted, plain]) => quoted ?? plain)
