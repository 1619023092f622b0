/** What can be done with servers, one or many at once. */
import { useI18n } from 'vue-i18n'

import type { Api, Call, Schemas } from '@/api/client'
import type { Action } from '@/common/action'
import { ask } from '@/common/confirm'
import { openConsole } from '@/console/console'
import { openDialog, type DialogKind } from '@/server/dialogs'
import { mayAnywhere, type Right } from '@/session/session'

/** As much of a server as is known wherever it is shown. */
export interface Subject {
  id: string
  kind: string
  name: string
  status: string
  cloud_id: string
  /** As the inventory has them; the tree has none. */
  attributes?: Record<string, unknown>
}

type Operation = Schemas['OperationOut']
type Plain = 'start' | 'stop' | 'reboot' | 'delete' | 'consolidate'

const RUNNING = new Set(['ACTIVE', 'PAUSED', 'RESCUE'])
const STOPPED = new Set(['SHUTOFF', 'STOPPED', 'SUSPENDED'])

/** The call that does a plain action with servers: one operation, or one with a part for each. */
export function plainCall(action: Plain, servers: readonly Subject[], key: string, hard = false): Call<Operation> {
  const [first] = servers
  const header = { 'Idempotency-Key': key }
  return async (api: Api) => {
    const found =
      servers.length === 1 && first
        ? await api.POST('/api/v1/resources/{resource_id}/actions', {
            params: { path: { resource_id: first.id }, header },
            body: bodyOf(action, hard),
          })
        : await api.POST('/api/v1/actions', {
            params: { header },
            body: { ...bodyOf(action, hard), resources: servers.map((one) => one.id) },
          })
    return found as Awaited<ReturnType<Call<Operation>>>
  }
}

/** The call that releases adopted servers. */
export function releaseCall(servers: readonly Subject[], key: string): Call<Operation> {
  const [first] = servers
  const header = { 'Idempotency-Key': key }
  if (servers.length === 1 && first) {
    return (api) => api.POST('/api/v1/resources/{resource_id}/release', { params: { path: { resource_id: first.id }, header } })
  }
  return (api) => api.POST('/api/v1/release', { params: { header }, body: { resources: servers.map((one) => one.id) } })
}

function bodyOf(action: Plain, hard: boolean) {
  return action === 'reboot' ? { action, arguments: { hard } } : { action, arguments: {} }
}

export function useServerActions(done: () => void = () => undefined) {
  const { t } = useI18n()

  function plain(action: Plain, servers: readonly Subject[], isFitting: boolean, right: Right, hard = false): Action[] {
    if (!mayAnywhere(right)) return []
    const key = hard ? 'rebootHard' : action
    const label = t(`server.action.${key}`)
    return [{ key, label, disabled: !isFitting, danger: action === 'delete', apart: action === 'delete', run: () => confirm(action, key, label, servers, hard) }]
  }

  function confirm(action: Plain, key: string, label: string, servers: readonly Subject[], hard: boolean): void {
    const once = crypto.randomUUID() // whoever clicks twice gets the same operation
    ask({
      title: `${label}: ${titleOf(servers)}`,
      text: `${t(`server.confirm.${key}`)}\n\n${servers.map((one) => one.name).join('\n')}`,
      action: label,
      danger: action === 'delete',
      call: () => plainCall(action, servers, once, hard),
      done,
    })
  }

  function titleOf(servers: readonly Subject[]): string {
    return servers.length === 1 ? (servers[0]?.name ?? '') : t('server.several', { count: servers.length })
  }

  function dialog(kind: DialogKind, servers: readonly Subject[], right: Right, isFitting = true): Action[] {
    if (!mayAnywhere(right)) return []
    return [{ key: kind, label: `${t(`server.action.${kind}`)}…`, disabled: !isFitting, run: () => openDialog(kind, servers, done) }]
  }

  function consoleOf(server: Subject): Action[] {
    if (!mayAnywhere('server.console')) return []
    return [{ key: 'console', label: t('server.action.console'), disabled: !RUNNING.has(server.status), run: () => openConsole(server.id) }]
  }

  /** Of an adoption of the platform: servers that `polyvisor adopt` has made are released by it, by its plan. */
  function release(servers: readonly Subject[]): Action[] {
    if (!servers.length || servers.some((one) => !one.attributes?.adoption) || !mayAnywhere('server.release')) return []
    const label = t('server.action.release')
    const once = crypto.randomUUID()
    const text = `${t('server.confirm.release')}\n\n${servers.map((one) => one.name).join('\n')}`
    const run = () => ask({ title: `${label}: ${titleOf(servers)}`, text, action: label, danger: true, call: () => releaseCall(servers, once), done })
    return [{ key: 'release', label, danger: true, apart: true, run }]
  }

  function single(server: Subject): Action[] {
    return [
      ...consoleOf(server),
      ...dialog('migrate', [server], 'server.migrate'),
      ...dialog('clone', [server], 'server.clone'),
      ...dialog('resize', [server], 'server.resize'),
      ...dialog('attach_volume', [server], 'server.operate'),
      ...dialog('attach_port', [server], 'server.operate'),
    ]
  }

  return (servers: readonly Subject[]): Action[] => {
    const running = servers.every((one) => RUNNING.has(one.status))
    const [first] = servers
    return [
      ...plain('start', servers, servers.every((one) => STOPPED.has(one.status)), 'server.operate'),
      ...plain('stop', servers, running, 'server.operate'),
      ...plain('reboot', servers, running, 'server.operate'),
      ...plain('reboot', servers, servers.length > 0, 'server.operate', true),
      ...(servers.length === 1 && first ? single(first) : []),
      ...dialog('snapshot', servers, 'server.snapshot', servers.length > 0),
      ...plain('consolidate', servers, servers.length > 0, 'server.snapshot'),
      ...release(servers),
      ...plain('delete', servers, servers.length > 0, 'server.delete'),
    ]
  }
}
