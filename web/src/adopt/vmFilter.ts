/** Which VMs are shown, in the address of the page so that it can be sent to somebody. */
import type { LocationQuery } from 'vue-router'

import type { operations } from '@/api/schema'

type Query = NonNullable<operations['list_adoption_vms']['parameters']['query']>
export type VmFilter = Pick<Query, 'q' | 'folder' | 'state' | 'severity' | 'check' | 'progress' | 'differing'>

const NAMES = ['q', 'folder', 'state', 'severity', 'check', 'progress'] as const

export function readVmFilter(query: LocationQuery): VmFilter {
  const words = NAMES.map((name) => [name, query[name]]).filter(([, value]) => typeof value === 'string' && value)
  return { ...(Object.fromEntries(words) as VmFilter), ...(query.differing ? { differing: true } : {}) }
}

export function writeVmFilter({ differing, ...words }: VmFilter): LocationQuery {
  const given = Object.entries(words).filter(([, value]) => value)
  return { ...(Object.fromEntries(given) as LocationQuery), ...(differing ? { differing: 'true' } : {}) }
}
