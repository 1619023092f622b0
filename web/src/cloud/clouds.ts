/** What can be done with clouds. */
import { useI18n } from 'vue-i18n'

import type { Call, Schemas } from '@/api/client'
import { useThing } from '@/api/thing'
import type { Action } from '@/common/action'
import { ask } from '@/common/confirm'
import { may, mayAnywhere } from '@/session/session'

export type Cloud = Schemas['CloudOut']

/** `edit` opens the form; `done` is called when something has changed. */
export function useCloudActions(edit: (cloud: Cloud) => void, done: () => void) {
  const { t } = useI18n()

  function confirmed(what: 'probe' | 'drain' | 'undrain' | 'remove', cloud: Cloud, call: () => Call<unknown>): Action {
    const action = t(`cloud.${what}`)
    return {
      key: what,
      label: action,
      danger: what === 'remove',
      apart: what === 'remove',
      run: () =>
        ask({ title: `${action}: ${cloud.name}`, text: t(`cloud.${what}Help`), action, danger: what === 'remove', call, done }),
    }
  }

  function one(cloud: Cloud): Action[] {
    if (!may('cloud.manage', cloud.node)) return []
    const params = { path: { cloud_id: cloud.id } }
    return [
      confirmed('probe', cloud, () => (api) => api.POST('/api/v1/clouds/{cloud_id}/probe', { params })),
      { key: 'edit', label: t('common.edit'), run: () => edit(cloud) },
      cloud.draining
        ? confirmed('undrain', cloud, () => (api) => api.DELETE('/api/v1/clouds/{cloud_id}/drain', { params }))
        : confirmed('drain', cloud, () => (api) => api.POST('/api/v1/clouds/{cloud_id}/drain', { params })),
      confirmed('remove', cloud, () => (api) => api.DELETE('/api/v1/clouds/{cloud_id}', { params })),
    ]
  }

  return (clouds: readonly Cloud[]): Action[] => (clouds.length === 1 && clouds[0] ? one(clouds[0]) : [])
}

/** All clouds that the user may see, for choosing one and for naming it. */
export function useClouds(key: () => unknown = () => '') {
  const query = { limit: 1000 }
  const { value } = useThing(
    () => (mayAnywhere('cloud.read') ? (api) => api.GET('/api/v1/clouds', { params: { query } }) : undefined),
    key,
  )
  const find = (id: string | null | undefined) => value.value?.items.find((one) => one.id === id)
  const name = (id: string | null | undefined) => (id ? (find(id)?.name ?? id) : undefined)
  const options = () => value.value?.items.map((one) => ({ value: one.id, label: one.name })) ?? []
  return { clouds: value, find, name, options }
}
