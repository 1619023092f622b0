/** Consoles of servers, as their clouds offer them. */
import type { Call, Schemas } from '@/api/client'
import { router } from '@/router'

export type ConsoleType = Schemas['ConsoleIn']['type']
export type Relay = Schemas['RelayOut']

/** Those that a browser can show; each needs its proxy on the cloud. */
export const CONSOLES: readonly ConsoleType[] = ['novnc', 'spice-html5', 'webmks', 'serial']

export function consoleCall(server: string, type: ConsoleType): Call<Schemas['ConsoleOut']> {
  const params = { path: { resource_id: server } }
  return (api) => api.POST('/api/v1/resources/{resource_id}/console', { params, body: { type } })
}

/** The platform's websocket to a console; the ticket is no part of its address, as addresses are logged. */
export function openSocket(relay: Relay): WebSocket {
  const address = new URL(relay.path, globalThis.location.origin.replace(/^http/, 'ws'))
  return new WebSocket(address, ['binary', `ticket.${relay.ticket}`])
}

/** In a tab of its own, which has nothing of this one. */
export function openConsole(server: string): void {
  window.open(router.resolve({ name: 'console', params: { id: server } }).href, '_blank', 'noopener')
}
