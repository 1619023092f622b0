/** What hosts, services and datastores have, and what is used of it. */
import type { Resource } from './kinds'

export type Unit = 'count' | 'gib' | 'ghz'

export interface Capacity {
  name: 'cpu' | 'vcpus' | 'memory' | 'storage'
  used: number
  total: number
  unit: Unit
}

const GIBI = 1024 ** 3
type Numbers = Record<string, number | undefined>

export function capacitiesOf({ kind, attributes }: Pick<Resource, 'kind' | 'attributes'>): Capacity[] {
  const all = attributes as Numbers
  if (kind === 'datastore') return storage(all)
  if (kind === 'compute_service') return service(all)
  return kind === 'esxi_host' ? host(all) : []
}

function storage({ capacity_bytes: total, free_bytes: free }: Numbers): Capacity[] {
  if (!total || free === undefined) return []
  return [{ name: 'storage', used: (total - free) / GIBI, total: total / GIBI, unit: 'gib' }]
}

function service({ vcpus = 0, vcpus_used = 0, memory_mb = 0, memory_mb_used = 0, local_gb = 0, local_gb_used = 0 }: Numbers): Capacity[] {
  const found: Capacity[] = [
    { name: 'vcpus', used: vcpus_used, total: vcpus, unit: 'count' },
    { name: 'memory', used: memory_mb_used / 1024, total: memory_mb / 1024, unit: 'gib' },
    { name: 'storage', used: local_gb_used, total: local_gb, unit: 'gib' },
  ]
  return found.filter((one) => one.total > 0)
}

function host({ cpu_mhz, cpu_used_mhz = 0, memory_bytes, memory_used_bytes = 0 }: Numbers): Capacity[] {
  const found: Capacity[] = []
  if (cpu_mhz) found.push({ name: 'cpu', used: cpu_used_mhz / 1000, total: cpu_mhz / 1000, unit: 'ghz' })
  if (memory_bytes) found.push({ name: 'memory', used: memory_used_bytes / GIBI, total: memory_bytes / GIBI, unit: 'gib' })
  return found
}
