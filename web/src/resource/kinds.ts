/** Kinds of resources: in which order, with which columns, with which facts on their first page. */
import type { Schemas } from '@/api/client'

export type Resource = Schemas['ResourceOut']
export type Detail = Schemas['ResourceDetailOut']
export type Kind = Resource['kind']

export const KINDS: readonly Kind[] = [
  'server',
  'volume',
  'snapshot',
  'image',
  'flavor',
  'network',
  'port',
  'project',
  'cluster',
  'esxi_host',
  'compute_service',
  'datastore',
]

/** Kinds whose things belong to somebody; all others are the cloud's own. */
const OWNED: ReadonlySet<Kind> = new Set<Kind>(['server', 'volume', 'snapshot', 'image', 'network', 'port', 'project'])

export function isOwned(kind: Kind): boolean {
  return OWNED.has(kind)
}

/** Attributes in the columns of lists; each has its name in messages.attribute. */
export const COLUMNS: Record<Kind, readonly string[]> = {
  server: ['addresses', 'vcpus', 'ram_mb', 'power_state', 'host'],
  volume: ['size_gb', 'type', 'bootable', 'attachments'],
  snapshot: ['description'],
  image: ['size', 'disk_format', 'visibility'],
  flavor: ['vcpus', 'ram_mb', 'disk_gb'],
  network: ['subnets', 'type', 'segment', 'external'],
  port: ['mac_address', 'fixed_ips', 'device_owner'],
  project: ['description'],
  cluster: ['vcenter', 'zone'],
  esxi_host: ['cluster', 'vcenter', 'cpu_cores', 'cpu_mhz', 'memory_bytes'],
  compute_service: ['zone', 'hypervisor_types', 'vcpus', 'vcpus_used', 'running_vms'],
  datastore: ['type', 'capacity_bytes', 'free_bytes', 'vcenter'],
}

/** Attributes that the first page has no place for: it tells of them in other ways, or they are long. */
export const HIDDEN: ReadonlySet<string> = new Set(['flavor_id', 'image_id', 'volume_ids', 'metadata', 'fault', 'progress', 'extra_specs', 'properties', 'placement', 'subnets', 'adoption'])
