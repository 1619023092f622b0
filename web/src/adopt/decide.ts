/** What somebody decides about VMs, as the form has it, and as the API takes it: what is not touched stays. */
import type { Schemas } from '@/api/client'
import type { Message } from '@/api/message'
import type { Finding, Vm } from './adoptions'

export type DecisionIn = Schemas['DecisionIn']
type PortIn = Schemas['PortIn']
type VolumeIn = Schemas['VolumeIn']

export const KEEP = 'keep'

export interface PortWish {
  nic: number
  mac: string
  network: string | null
  /** With commas between; unknown while it is empty and `known` is not set. */
  addresses: string
  /** Whether an empty list means a port without addresses. */
  known: boolean
  leave: boolean
}

export interface VolumeWish {
  disk: number
  size_gb: number
  take: boolean
  volume: string
  type: string
}

export interface Accept {
  check: string
  title: string
  says: Message[]
  wayOut: string
  accepted: boolean
  reason: string
}

export interface Decision {
  adopt: 'keep' | 'yes' | 'no' | 'undecided'
  owner: 'keep' | 'tenant' | 'project'
  tenant_id: string
  project: string
  flavor: string
  server: string
  ports: PortWish[]
  volumes: VolumeWish[]
  accepts: Accept[]
}

/** The form for these VMs. NICs, disks and names are of one VM only. */
export function decisionOf(vms: readonly Vm[]): Decision {
  const single = vms.length === 1 ? vms[0] : undefined
  return {
    adopt: KEEP,
    owner: KEEP,
    tenant_id: '',
    project: single?.project ?? '',
    flavor: KEEP,
    server: single?.server ?? '',
    ports: single?.ports.map(portOf) ?? [],
    volumes: single?.volumes.map(({ disk, size_gb, take, volume, type }) => ({ disk, size_gb, take, volume, type: type ?? '' })) ?? [],
    accepts: acceptsOf(vms.flatMap((one) => one.findings)),
  }
}

function portOf({ nic, mac, network, addresses, leave }: Schemas['Port']): PortWish {
  return { nic, mac, network, addresses: addresses?.join(', ') ?? '', known: addresses !== null, leave }
}

/** Each check that needs a decision once, with all that it says. */
export function acceptsOf(findings: readonly Finding[]): Accept[] {
  const found = new Map<string, Accept>()
  for (const { check, severity, title, message, way_out, accepted } of findings) {
    if (severity !== 'decision') continue
    const known = found.get(check) ?? { check, title, says: [], wayOut: way_out, accepted: true, reason: accepted ?? '' }
    if (!known.says.some((one) => one.text === message.text)) known.says.push(message)
    // Of several VMs, only what is accepted for all counts as accepted.
    known.accepted &&= accepted !== null
    found.set(check, known)
  }
  return [...found.values()]
}

/** What has changed in the form since it was opened; nothing else is sent. */
export function bodyOf(vms: readonly Vm[], before: Decision, now: Decision): DecisionIn {
  const body: Partial<DecisionIn> = { vms: vms.map((one) => one.id) }
  if (now.adopt !== KEEP) body.adopt = { yes: true, no: false, undecided: null }[now.adopt]
  if (now.owner === 'tenant') body.tenant_id = now.tenant_id
  if (now.owner === 'project') body.project = now.project || null
  if (now.flavor !== KEEP) body.flavor = now.flavor || null
  if (now.server !== before.server) body.server = now.server
  if (differs(before.ports, now.ports)) body.ports = now.ports.map((one, place) => changedPort(before.ports[place], one))
  if (differs(before.volumes, now.volumes)) body.volumes = now.volumes.map((one, place) => changedVolume(before.volumes[place], one))
  const decisions = changedAccepts(before.accepts, now.accepts)
  if (Object.keys(decisions).length) body.decisions = decisions
  return body as DecisionIn
}

export function changedAccepts(before: readonly Accept[], now: readonly Accept[]): Record<string, string | null> {
  const changed = now.filter((one, place) => differs(before[place], one))
  return Object.fromEntries(changed.map((one) => [one.check, one.accepted ? one.reason : null]))
}

/** All NICs are named, so that a mistake which the API finds has the place that it has in the form. */
function changedPort(before: PortWish | undefined, now: PortWish): PortIn {
  const body: Partial<PortIn> & { nic: number } = { nic: now.nic }
  if (now.network !== before?.network) body.network = now.network
  if (now.leave !== before?.leave) body.leave = now.leave
  if (now.addresses !== before?.addresses || now.known !== before.known) body.addresses = addressesOf(now)
  return body as PortIn
}

export function addressesOf(port: Pick<PortWish, 'addresses' | 'known'>): string[] | null {
  const found = port.addresses.split(/[\s,]+/).filter(Boolean)
  return found.length || port.known ? found : null
}

function changedVolume(before: VolumeWish | undefined, now: VolumeWish): VolumeIn {
  const body: VolumeIn = { disk: now.disk, take: now.take }
  if (now.volume !== before?.volume) body.volume = now.volume
  if (now.type !== before?.type) body.type = now.type || null
  return body
}

function differs(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) !== JSON.stringify(other)
}
