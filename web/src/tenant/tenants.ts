/** Tenants: names for ids, and what can be done with them. */
import { useI18n } from 'vue-i18n'

import type { Schemas } from '@/api/client'
import { useThing } from '@/api/thing'
import type { Action } from '@/common/action'
import { ask } from '@/common/confirm'
import { may, mayAnywhere } from '@/session/session'

export type Tenant = Schemas['TenantOut']

/** All tenants that the user may see, for choosing one and for naming it. */
export function useTenants(key: () => unknown = () => '') {
  const query = { limit: 1000 }
  const { value } = useThing(
    () => (mayAnywhere('tenant.read') ? (api) => api.GET('/api/v1/tenants', { params: { query } }) : undefined),
    key,
  )
  const find = (id: string | null | undefined) => value.value?.items.find((one) => one.id === id)
  const name = (id: string | null | undefined) => (id ? (find(id)?.name ?? id) : undefined)
  const options = () => value.value?.items.map((one) => ({ value: one.id, label: one.name })) ?? []
  return { tenants: value, name, options }
}

export function useTenantActions(form: (tenant: Tenant, what: 'edit' | 'part' | 'project') => void, done: () => void) {
  const { t } = useI18n()

  function one(tenant: Tenant): Action[] {
    const actions: Action[] = []
    if (may('project.manage', tenant.node)) {
      actions.push({ key: 'project', label: t('project.create'), run: () => form(tenant, 'project') })
    }
    if (!may('tenant.manage', tenant.node)) return actions
    return [
      ...actions,
      { key: 'part', label: t('tenant.createPart'), run: () => form(tenant, 'part') },
      { key: 'edit', label: t('common.edit'), run: () => form(tenant, 'edit') },
      { key: 'remove', label: t('common.remove'), danger: true, apart: true, run: () => remove(tenant) },
    ]
  }

  function remove(tenant: Tenant): void {
    const params = { path: { tenant_id: tenant.id } }
    ask({
      title: t('tenant.remove', { name: tenant.name }),
      text: t('tenant.removeHelp'),
      action: t('common.remove'),
      danger: true,
      call: () => (api) => api.DELETE('/api/v1/tenants/{tenant_id}', { params }),
      done,
    })
  }

  return (chosen: readonly Tenant[]): Action[] => (chosen.length === 1 && chosen[0] ? one(chosen[0]) : [])
}
