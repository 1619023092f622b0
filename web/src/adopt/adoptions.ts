/** Adoptions: how far one is, and what can be done with it. */
import { useI18n } from 'vue-i18n'

import type { Call, Schemas } from '@/api/client'
import type { Action } from '@/common/action'
import { ask } from '@/common/confirm'
import type { Operation } from '@/operation/operations'
import { may } from '@/session/session'

export type Adoption = Schemas['AdoptionOut']
export type AdoptionDetail = Schemas['AdoptionDetailOut']
export type Vm = Schemas['VmOut']
export type Finding = Schemas['FindingOut']
export type Severity = Finding['severity']
export type PlanState = Vm['state']
export type VmState = Schemas['ProgressOut']['state']

export const SEVERITIES: readonly Severity[] = ['blocks', 'decision', 'note']
export const PLAN_STATES: readonly PlanState[] = ['ready', 'undecided', 'blocked', 'left out']
export const VM_STATES: readonly VmState[] = ['under way', 'adopted', 'undoing', 'failed', 'releasing', 'released', 'left alone']

/** What comes next, in the order of the whole. */
export const STEPS = ['discover', 'decide', 'apply', 'verify'] as const
export type Step = (typeof STEPS)[number]

/** The first step that is not done yet; none: all that can be adopted is, and was compared. */
export function nextStep(adoption: AdoptionDetail): Step | undefined {
  if (!adoption.planned_at) return 'discover'
  const adopted = adoption.progress.adopted ?? 0
  const waiting = Math.max(0, (adoption.states.ready ?? 0) - adopted)
  if (adoption.stale || (!waiting && adoption.states.undecided)) return 'decide'
  if (waiting) return 'apply'
  return adopted && !adoption.verified_at ? 'verify' : undefined
}

export type Plain = 'discover' | 'plan' | 'verify' | 'release'

/** The call that begins an operation; `vms` only for a release of some. */
export function beginCall(what: Plain, id: string, key: string, vms?: readonly string[]): Call<Operation> {
  const params = { path: { adoption_id: id }, header: { 'Idempotency-Key': key } }
  return async (api) => {
    if (what === 'discover') return api.POST('/api/v1/adoptions/{adoption_id}/discover', { params, body: { tags: true } })
    if (what === 'plan') return api.POST('/api/v1/adoptions/{adoption_id}/plan', { params })
    if (what === 'verify') return api.POST('/api/v1/adoptions/{adoption_id}/verify', { params })
    return api.POST('/api/v1/adoptions/{adoption_id}/release', { params, body: { vms: vms ? [...vms] : null } })
  }
}

/** Everything but deciding and applying, which have forms of their own. `done` is called when it has begun. */
export function useAdoptionActions(done: (what: Plain | 'remove') => void) {
  const { t } = useI18n()

  function begun(what: Plain, adoption: Adoption, isFitting = true): Action {
    const action = t(`adopt.do.${what}`)
    const once = crypto.randomUUID()
    const run = () =>
      ask({
        title: `${action}: ${adoption.name}`,
        text: t(`adopt.about.${what}`),
        action,
        danger: what === 'release',
        call: () => beginCall(what, adoption.id, once),
        done: () => done(what),
      })
    return { key: what, label: action, disabled: !isFitting, danger: what === 'release', apart: what === 'release', run }
  }

  function remove(adoption: Adoption): Action {
    const params = { path: { adoption_id: adoption.id } }
    const action = t('adopt.do.remove')
    const call = (): Call<unknown> => (api) => api.DELETE('/api/v1/adoptions/{adoption_id}', { params })
    const run = () => ask({ title: `${action}: ${adoption.name}`, text: t('adopt.about.remove'), action, danger: true, call, done: () => done('remove') })
    return { key: 'remove', label: action, danger: true, run }
  }

  return (chosen: readonly Adoption[]): Action[] => {
    const [one] = chosen
    const node = `/clouds/${one?.cloud_id ?? ''}`
    if (!one || chosen.length > 1) return []
    const isPlanned = Boolean(one.planned_at)
    return [
      ...(may('adoption.manage', node) ? [begun('discover', one), begun('plan', one, Boolean(one.discovered_at)), begun('verify', one, isPlanned)] : []),
      ...(may('server.release', node) ? [begun('release', one, isPlanned)] : []),
      ...(may('adoption.manage', node) ? [remove(one)] : []),
    ]
  }
}

/** Let go of some VMs of an adoption. */
export function useReleaseAction(adoption: () => Adoption, done: () => void) {
  const { t } = useI18n()

  return (vms: readonly Vm[]): Action[] => {
    const held = vms.filter((one) => one.progress?.state === 'adopted' || one.progress?.state === 'releasing')
    if (!may('server.release', `/clouds/${adoption().cloud_id}`)) return []
    const once = crypto.randomUUID()
    const run = () =>
      ask({
        title: t('adopt.releaseSome', { count: held.length }),
        text: `${t('adopt.about.release')}\n\n${held.map((one) => one.path).join('\n')}`,
        action: t('adopt.do.release'),
        danger: true,
        call: () => beginCall('release', adoption().id, once, held.map((one) => one.id)),
        done,
      })
    return [{ key: 'release', label: t('adopt.do.releaseVms'), danger: true, apart: true, disabled: held.length < vms.length, run }]
  }
}
