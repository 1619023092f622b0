/** Operations: the latest, kept current; what can be done with one. */
import { shallowRef, type ShallowRef } from 'vue'
import { useI18n } from 'vue-i18n'

import { run, type Schemas } from '@/api/client'
import { useEvents, type OperationEvent } from '@/api/events'
import { Problem } from '@/api/problem'
import { ask } from '@/common/confirm'
import type { Action } from '@/common/action'
import { useThrottle } from '@/common/throttle'

export type Operation = Schemas['OperationOut']

const OPEN = new Set(['queued', 'running'])
const PATCH_MILLISECONDS = 400

export function isOpen(operation: Operation): boolean {
  return OPEN.has(operation.state)
}

/** Keeps a list of operations as they are now; `reload` is for those that are not in it yet. */
export function useLive(items: () => Operation[] | undefined, put: (items: Operation[]) => void, reload: () => void): void {
  const changed = new Set<string>()
  const again = useThrottle(reload, 1000)
  const patch = useThrottle(() => void patchAll(), PATCH_MILLISECONDS)
  useEvents({ operation: happened, reset: again })

  function happened(event: OperationEvent): void {
    const known = items()?.find((one) => one.id === event.id)
    if (!known) return again()
    if (known.version >= event.version) return
    put((items() ?? []).map((one) => (one.id === event.id ? { ...one, state: event.state as Operation['state'], progress: event.progress } : one)))
    changed.add(event.id)
    patch()
  }

  /** The event has progress only: steps and reasons are read. */
  async function patchAll(): Promise<void> {
    const ids = [...changed]
    changed.clear()
    await Promise.all(ids.map(patchOne))
  }

  async function patchOne(id: string): Promise<void> {
    try {
      const found = await run((api) => api.GET('/api/v1/operations/{operation_id}', { params: { path: { operation_id: id } } }))
      put((items() ?? []).map((one) => (one.id === id ? found : one)))
    } catch (error) {
      if (!(error instanceof Problem)) throw error
    }
  }
}

/** The operation that is shown with its steps, wherever it was chosen. */
export const shown: ShallowRef<Operation | undefined> = shallowRef()

export function useOperationActions(done: () => void) {
  const { t } = useI18n()

  function confirmed(what: 'cancel' | 'retry', operation: Operation): Action {
    const action = t(`operation.${what}`)
    const params = { path: { operation_id: operation.id } }
    const run = () =>
      ask({
        title: `${action}: ${operation.resource_name}`,
        text: t(`operation.${what}Help`),
        action,
        danger: what === 'cancel',
        call: () => (api) => (what === 'cancel' ? api.POST('/api/v1/operations/{operation_id}/cancel', { params }) : api.POST('/api/v1/operations/{operation_id}/retry', { params })),
        done,
      })
    return { key: what, label: action, danger: what === 'cancel', run }
  }

  return (operations: readonly Operation[]): Action[] => {
    const [one] = operations
    if (!one || operations.length > 1) return []
    return [
      { key: 'show', label: t('operation.show'), run: () => (shown.value = one) },
      ...(isOpen(one) && !one.cancelling ? [confirmed('cancel', one)] : []),
      ...(one.state === 'failed' || one.state === 'cancelled' ? [confirmed('retry', one)] : []),
    ]
  }
}

/** What is done, in words; of an action that this release does not know, its name. */
export function useActionName() {
  const { t, te } = useI18n()
  return (action: string) => (te(`operation.named.${action}`) ? t(`operation.named.${action}`) : action)
}
