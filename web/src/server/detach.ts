/** What a server has, taken from it. */
import { useI18n } from 'vue-i18n'

import type { Action } from '@/common/action'
import { ask } from '@/common/confirm'
import type { Resource } from '@/resource/kinds'
import { mayAnywhere } from '@/session/session'

/** For volumes and ports that are a server's. */
export function useDetachActions(server: () => string | undefined, done: () => void) {
  const { t } = useI18n()

  return (rows: readonly Resource[]): Action[] => {
    const [row] = rows
    const id = server()
    if (!row || !id || rows.length > 1 || !mayAnywhere('server.operate')) return []
    if (row.kind !== 'volume' && row.kind !== 'port') return []
    const key = row.kind === 'volume' ? 'detach_volume' : 'detach_port'
    const label = t(`server.action.${key}`)
    const once = crypto.randomUUID()
    const params = { path: { resource_id: id }, header: { 'Idempotency-Key': once } }
    const run = () =>
      ask({
        title: `${label}: ${row.name || row.external_id}`,
        text: t(`server.confirm.${key}`),
        action: label,
        danger: true,
        call: () => (api) =>
          api.POST('/api/v1/resources/{resource_id}/actions', {
            params,
            body:
              key === 'detach_volume'
                ? { action: key, arguments: { volume: row.external_id } }
                : { action: key, arguments: { port: row.external_id } },
          }),
        done,
      })
    return [{ key, label, danger: true, run }]
  }
}
