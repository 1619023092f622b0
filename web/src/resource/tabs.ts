/** Which tabs a kind of resource has, in the order of vSphere Client. */
import type { Kind } from './kinds'

export type TabKey = 'summary' | 'monitor' | 'configure' | 'permissions' | 'servers' | 'hosts' | 'snapshots' | 'volumes' | 'ports'

const MORE: Partial<Record<Kind, readonly TabKey[]>> = {
  server: ['monitor', 'configure', 'snapshots', 'volumes', 'ports', 'permissions'],
  cluster: ['configure', 'hosts', 'permissions'],
  esxi_host: ['configure', 'servers', 'permissions'],
  compute_service: ['configure', 'servers', 'permissions'],
  datastore: ['configure', 'servers', 'permissions'],
  network: ['configure', 'ports', 'permissions'],
}

export function tabsOf(kind: Kind): readonly TabKey[] {
  return ['summary', ...(MORE[kind] ?? ['configure', 'permissions'])]
}
