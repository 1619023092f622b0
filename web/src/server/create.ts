/** A server that somebody wishes for, as the wizard has it, and as the API takes it. */
import type { Call, Schemas } from '@/api/client'

export interface Wish {
  name: string
  tenant_id: string
  image: string
  networks: string[]
  by: 'flavor' | 'size'
  flavor: string
  vcpus: number | null
  ram_gb: number | null
  disk_gb: number | null
  cloud_id: string | null
  hypervisor: string | null
  zone: string
  host: string
  datastore: string
  labels: string
  pack: boolean
}

type ServerIn = Schemas['ServerIn']

export function emptyWish(): Wish {
  return {
    name: '',
    tenant_id: '',
    image: '',
    networks: [],
    by: 'flavor',
    flavor: '',
    vcpus: 2,
    ram_gb: 4,
    disk_gb: 20,
    cloud_id: null,
    hypervisor: null,
    zone: '',
    host: '',
    datastore: '',
    labels: '',
    pack: false,
  }
}

export function bodyOf(wish: Wish): ServerIn {
  const size =
    wish.by === 'flavor'
      ? { flavor: wish.flavor || null }
      : { vcpus: wish.vcpus, ram_mb: wish.ram_gb === null ? null : wish.ram_gb * 1024, disk_gb: wish.disk_gb }
  return {
    name: wish.name,
    tenant_id: wish.tenant_id,
    image: wish.image,
    networks: wish.networks,
    ...size,
    cloud_id: wish.cloud_id,
    hypervisor: wish.hypervisor,
    zone: wish.zone || null,
    host: wish.host || null,
    datastore: wish.datastore || null,
    labels: labelsOf(wish.labels),
    pack: wish.pack,
    dry_run: false,
  }
}

/** "tier=gold, ssd=true" as names and values. */
export function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const one of text.split(',')) {
    const [name, value] = one.split('=').map((part) => part.trim())
    if (name && value) labels[name] = value
  }
  return labels
}

export function createCall(body: ServerIn, key: string): Call<Schemas['OperationOut']> {
  return async (api) => {
    const found = await api.POST('/api/v1/servers', { params: { header: { 'Idempotency-Key': key } }, body })
    return found as Awaited<ReturnType<Call<Schemas['OperationOut']>>>
  }
}

/** Where it could go; nothing is made. */
export function placementCall(body: ServerIn): Call<Schemas['PlacementOut']> {
  return async (api) => {
    const found = await api.POST('/api/v1/servers', { body: { ...body, dry_run: true } })
    return found as Awaited<ReturnType<Call<Schemas['PlacementOut']>>>
  }
}
