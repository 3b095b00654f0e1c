import { networkInterfaces } from 'node:os'

/** How other machines may reach this one. */
export function addressesHere(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  const outer = addresses.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address)
  return outer.length > 0 ? outer : ['127.0.0.1']
}
