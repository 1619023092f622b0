/** vCenters that are attached to clouds, and what can be done with them. */
import { useI18n } from 'vue-i18n'

import type { Schemas } from '@/api/client'
import { useThing } from '@/api/thing'
import type { Action } from '@/common/action'
import { ask } from '@/common/confirm'
import { may, mayAnywhere } from '@/session/session'

export type VCenter = Schemas['VCenterOut']

/** `edit` opens the form; `done` is called when something has changed. */
export function useVCenterActions(edit: (vcenter: VCenter) => void, done: () => void) {
  const { t } = useI18n()

  function confirmed(what: 'probe' | 'remove', vcenter: VCenter): Action {
    const params = { path: { vcenter_id: vcenter.id } }
    const action = t(`vcenter.${what}`)
    const isDangerous = what === 'remove'
    const run = () =>
      ask({
        title: `${action}: ${vcenter.name}`,
        text: t(`vcenter.${what}Help`),
        action,
        danger: isDangerous,
        call: () => (api) =>
          isDangerous ? api.DELETE('/api/v1/vcenters/{vcenter_id}', { params }) : api.POST('/api/v1/vcenters/{vcenter_id}/probe', { params }),
        done,
      })
    return { key: what, label: action, danger: isDangerous, apart: isDangerous, run }
  }

  return (chosen: readonly VCenter[]): Action[] => {
    const [one] = chosen
    if (!one || chosen.length > 1 || !may('adoption.manage', `/clouds/${one.cloud_id}`)) return []
    return [confirmed('probe', one), { key: 'edit', label: t('common.edit'), run: () => edit(one) }, confirmed('remove', one)]
  }
}

/** All vCenters of a cloud, for choosing some and for naming them. */
export function useVCenters(cloud: () => string | undefined, key: () => unknown = () => '') {
  const { value, busy, problem, reload } = useThing(
    () => {
      const query = { limit: 1000, cloud: cloud() }
      return mayAnywhere('adoption.read') && query.cloud ? (api) => api.GET('/api/v1/vcenters', { params: { query } }) : undefined
    },
    () => [cloud(), key()].join(),
  )
  const name = (id: string) => value.value?.items.find((one) => one.id === id)?.name ?? id
  return { vcenters: value, busy, problem, reload, name }
}
