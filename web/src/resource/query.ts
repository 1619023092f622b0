/** What a list of resources is asked for, in the address of the page so that it can be sent to somebody. */
import type { LocationQuery } from 'vue-router'

import type { Kind } from './kinds'

export interface ResourceQuery {
  kind?: Kind
  cloud?: string
  tenant?: string
  status?: string
  q?: string
  tag?: string
  /** On this host, cluster or datastore, in this network, of this server. */
  on?: string
}

const NAMES = ['cloud', 'tenant', 'status', 'q', 'tag'] as const
export type Filter = Pick<ResourceQuery, (typeof NAMES)[number]>

export function readFilter(query: LocationQuery | ResourceQuery): Filter {
  const filter: Filter = {}
  for (const name of NAMES) {
    const value = query[name]
    if (typeof value === 'string' && value) filter[name] = value
  }
  return filter
}

export function writeFilter(filter: Filter): LocationQuery {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value))
}
