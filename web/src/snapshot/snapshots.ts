/** Snapshots of a server as its cloud has them now, each before those that began at it. */
import { computed } from 'vue'

import type { Call, Schemas } from '@/api/client'
import { useThing } from '@/api/thing'
import type { Subject } from '@/server/actions'

export interface Snapshot {
  id: string
  name: string
  description: string
  created: string
  state: string
  memory: boolean
  quiesced: boolean
  parent: string | null
  children: string[]
  current: boolean
  size_bytes: number | null
}

/** The call that takes a snapshot of a server, or of each of several. */
export function snapshotCall(servers: readonly Subject[], wanted: Schemas['TakeArguments'], key: string): Call<unknown> {
  const [first] = servers
  const body = { action: 'snapshot', arguments: wanted } as const
  const header = { 'Idempotency-Key': key }
  if (servers.length === 1 && first) {
    return (api) => api.POST('/api/v1/resources/{resource_id}/actions', { params: { path: { resource_id: first.id }, header }, body })
  }
  return (api) => api.POST('/api/v1/actions', { params: { header }, body: { ...body, resources: servers.map((one) => one.id) } })
}

export function useSnapshots(server: () => string) {
  const { value, problem, busy, reload } = useThing(
    () => (api) => api.GET('/api/v1/resources/{resource_id}/snapshots', { params: { path: { resource_id: server() } } }),
    server,
  )
  const snapshots = computed(() => (value.value?.snapshots ?? []) as unknown as Snapshot[])
  const isConsolidationNeeded = computed(() => value.value?.consolidation_needed ?? false)
  return { snapshots, isConsolidationNeeded, isRead: computed(() => Boolean(value.value)), problem, busy, reload }
}

/** How many snapshots each began at, one after the other. */
export function depthsOf(snapshots: readonly Snapshot[]): Map<string, number> {
  const depths = new Map<string, number>()
  for (const one of snapshots) depths.set(one.id, one.parent ? (depths.get(one.parent) ?? 0) + 1 : 0)
  return depths
}
