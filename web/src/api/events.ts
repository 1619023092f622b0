/** What changes, as the API tells it: one stream for the whole page, resumed by the browser when it breaks. */
import { onUnmounted, ref } from 'vue'

export interface ResourceEvent {
  id: string
  kind: string
  version: number
  change: 'created' | 'updated' | 'gone'
}

export interface OperationEvent {
  id: string
  version: number
  state: string
  progress: number
}

interface Listeners {
  resource: Set<(event: ResourceEvent) => void>
  operation: Set<(event: OperationEvent) => void>
  /** What was read before may be old: read it again. */
  reset: Set<(event: object) => void>
}

const listeners: Listeners = { resource: new Set(), operation: new Set(), reset: new Set() }
let source: EventSource | undefined
/** Whether changes come in; the shell says so if not. */
export const isLive = ref(true)

export function openEvents(): void {
  if (source) return
  source = new EventSource('/api/v1/events')
  source.onopen = () => (isLive.value = true)
  source.onerror = () => (isLive.value = false)
  for (const type of ['resource', 'operation', 'reset'] as const) {
    source.addEventListener(type, (message: MessageEvent<string>) => {
      const data = JSON.parse(message.data) as never
      for (const listener of listeners[type]) listener(data)
    })
  }
}

export function closeEvents(): void {
  source?.close()
  source = undefined
}

/** Listen as long as the component is there. */
export function useEvents(wanted: {
  resource?: (event: ResourceEvent) => void
  operation?: (event: OperationEvent) => void
  reset?: () => void
}): void {
  const { resource, operation, reset } = wanted
  if (resource) listeners.resource.add(resource)
  if (operation) listeners.operation.add(operation)
  if (reset) listeners.reset.add(reset)
  onUnmounted(() => {
    if (resource) listeners.resource.delete(resource)
    if (operation) listeners.operation.delete(operation)
    if (reset) listeners.reset.delete(reset)
  })
}
