/** Grants: who has which role where. */
import { useI18n } from 'vue-i18n'

import type { Schemas } from '@/api/client'
import { useThing } from '@/api/thing'
import { useClouds } from '@/cloud/clouds'
import { may, mayAnywhere } from '@/session/session'
import { useTenants } from '@/tenant/tenants'

export type Grant = Schemas['GrantOut']

/** Nodes of the tree of scopes by the names of what is there. */
export function useNodes() {
  const { t } = useI18n()
  const { clouds } = useClouds()
  const { tenants } = useTenants()

  function options(): { value: string; label: string }[] {
    return [
      { value: '/', label: t('grant.everything') },
      { value: '/clouds', label: t('grant.allClouds') },
      ...(clouds.value?.items ?? []).map((one) => ({ value: one.node, label: `${t('common.cloud')}: ${one.name}` })),
      { value: '/tenants', label: t('grant.allTenants') },
      ...(tenants.value?.items ?? []).map((one) => ({ value: one.node, label: `${t('common.tenant')}: ${one.name}` })),
    ]
  }
  const name = (node: string) => options().find((one) => one.value === node)?.label ?? node
  return { options, name }
}

/** Users by name, if one may see them. */
export function useUsers() {
  const query = { limit: 1000 }
  const { value } = useThing(
    () => (may('user.read') ? (api) => api.GET('/api/v1/users', { params: { query } }) : undefined),
    () => '',
  )
  const name = (id: string) => value.value?.items.find((one) => one.id === id)?.name ?? id
  const options = () => value.value?.items.map((one) => ({ value: one.id, label: one.name })) ?? []
  return { name, options }
}

export function useRoles() {
  const { t, te } = useI18n()
  const { value } = useThing(() => (mayAnywhere('role.read') ? (api) => api.GET('/api/v1/roles') : undefined), () => '')
  const name = (role: string) => (te(`role.named.${role}`) ? t(`role.named.${role}`) : role)
  const options = () => value.value?.items.map((one) => ({ value: one.name, label: name(one.name) })) ?? []
  return { name, options }
}
