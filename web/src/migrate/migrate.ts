/** Moving a server: what of it, where to, and what its cloud says of each place. */
import type { Call, Schemas } from '@/api/client'

export type What = 'compute' | 'storage' | 'both'
export type Priority = 'default' | 'high'

export interface Target {
  host: string | null
  datastore: string | null
  priority: Priority
}

/** A place as its cloud judges it. */
export interface Place {
  id: string
  name: string
  cluster?: { name: string } | null
  ok: boolean
  reasons: string[]
}

export interface Check {
  hosts: Place[]
  datastores: Place[]
}

export function argumentsOf(what: What, { host, datastore, priority }: Target) {
  return { host: what === 'storage' ? null : host, datastore: what === 'compute' ? null : datastore, priority }
}

export function migrateCall(server: string, what: What, target: Target, key: string): Call<Schemas['OperationOut']> {
  return async (api) => {
    const found = await api.POST('/api/v1/resources/{resource_id}/actions', {
      params: { path: { resource_id: server }, header: { 'Idempotency-Key': key } },
      body: { action: 'migrate', arguments: argumentsOf(what, target), dry_run: false },
    })
    return found as Awaited<ReturnType<Call<Schemas['OperationOut']>>>
  }
}

/** What would come of it; `auto` asks about every place. */
export function checkCall(server: string, what: What, target: Target): Call<Check> {
  return async (api) => {
    const { data, ...rest } = await api.POST('/api/v1/resources/{resource_id}/actions', {
      params: { path: { resource_id: server } },
      body: { action: 'migrate', arguments: argumentsOf(what, target), dry_run: true },
    })
    const check = data && 'check' in data ? (data.check as unknown as Check) : undefined
    return { ...rest, data: check }
  }
}
