import { createRequire } from 'node:module'
import { ArgumentError } from '../../errors.js'
import { TOKEN } from '../../runtime/launch-env.js'

export interface KubernetesOptions {
  ranks: number
  /** Of the Job, its Service and its Secret. */
  name: string
  /** A container image that has Node, rxmpi and the program. */
  image: string
  /** What a pod runs. */
  command: readonly string[]
  /** Variables for the program. */
  env: Readonly<Record<string, string | undefined>>
}

/** A DNS label, as a Service's name must be. Pods add `-N` to it. */
const NAME = /^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$/
const PORT = 29400

/**
 * An Indexed Job and the headless Service by which its pods find that of rank 0. The token is named and not contained: it is in a Secret,
 * made by hand.
 */
export function kubernetesObjects({ ranks, name, image, command, env }: KubernetesOptions): object[] {
  if (!NAME.test(name))
    throw new ArgumentError(`the name '${name}' is none for Kubernetes: expected lower-case letters, digits and '-', at most 52`)
  const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/managed-by': 'rxmpi' }
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, labels },
    // Before its pods are ready: none is, until they have found each other.
    spec: { clusterIP: 'None', publishNotReadyAddresses: true, selector: { 'job-name': name }, ports: [{ name: 'rxmpi', port: PORT }] }
  }
  const container = {
    name: 'rank',
    image,
    command: [...command],
    env: [
      { name: 'RXMPI_SIZE', value: String(ranks) },
      { name: 'RXMPI_SERVICE', value: name },
      { name: TOKEN, valueFrom: { secretKeyRef: { name, key: 'token' } } },
      ...Object.entries(env).flatMap(([variable, value]) => (value === undefined ? [] : [{ name: variable, value }]))
    ]
  }
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, labels },
    spec: {
      completionMode: 'Indexed',
      completions: ranks,
      parallelism: ranks,
      // A rank that has failed cannot take its place again: the job of all has failed.
      backoffLimit: 0,
      template: { metadata: { labels }, spec: { subdomain: name, restartPolicy: 'Never', containers: [container] } }
    }
  }
  return [service, job]
}

/** The objects as YAML, for `kubectl apply -f -`. */
export function kubernetesYaml(options: KubernetesOptions): string {
  const { stringify } = createRequire(import.meta.url)('yaml') as typeof import('yaml')
  const secret = `# The token, once: openssl rand -hex 32 | kubectl create secret generic ${options.name} --from-file=token=/dev/stdin\n`
  return (
    secret +
    kubernetesObjects(options)
      .map((object) => stringify(object))
      .join('---\n')
  )
}
