/** Consoles of servers, as their clouds offer them. */
import type { Call, Schemas } from '@/api/client'
import { router } from '@/router'

export type ConsoleType = Schemas['ConsoleIn']['type']

/** Those that a browser can show; each needs its proxy on the cloud. */
export const CONSOLES: readonly ConsoleType[] = ['novnc', 'spice-html5', 'webmks', 'serial']

export function consoleCall(server: string, type: ConsoleType): Call<Schemas['ConsoleOut']> {
  const params = { path: { resource_id: server } }
  return (api) => api.POST('/api/v1/resources/{resource_id}/console', { params, body: { type } })
}

/** In a tab of its own, which has nothing of this one. */
export function openConsole(server: string): void {
  window.open(router.resolve({ name: 'console', params: { id: server } }).href, '_blank', 'noopener')
}
