/** Columns of VMs: what was found about them, what they become, what has become of them. */
import { h, type VNodeChild } from 'vue'
import { useI18n } from 'vue-i18n'
import { RouterLink } from 'vue-router'

import { reasonOf, told } from '@/api/message'
import type { Column } from '@/common/columns'
import StatusBadge from '@/common/StatusBadge.vue'
import { NOTHING, useFormat } from '@/i18n/format'
import { SEVERITIES, type Vm } from './adoptions'
import { useCheckNames } from './checks'
import SeverityBadge from './SeverityBadge.vue'

export type View = 'checks' | 'plan' | 'results'

export function useVmColumns() {
  const { t, n } = useI18n()
  const { gib, moment } = useFormat()
  const names = useCheckNames()

  function lines(all: readonly string[]): VNodeChild {
    const text = all.join(', ')
    return h('span', { title: all.join('\n') }, text || NOTHING)
  }

  function severities(row: Vm): VNodeChild {
    const counted = SEVERITIES.map((severity) => ({ severity, count: row.findings.filter((one) => one.severity === severity).length })).filter((one) => one.count)
    return counted.length ? h('span', { class: 'row' }, counted.map((one) => h(SeverityBadge, { severity: one.severity, count: n(one.count) }))) : NOTHING
  }

  const networks = (row: Vm) => row.ports.map((one) => (one.leave ? t('adopt.leftAlone') : (one.network ?? t('adopt.noNetwork'))))
  const addresses = (row: Vm) => row.ports.flatMap((one) => one.addresses ?? [])
  const volumes = (row: Vm) => row.volumes.filter((one) => one.take).map((one) => `${one.volume} (${gib(one.size_gb)})`)

  const path: Column<Vm> = { key: 'path', title: t('adopt.vm'), minWidth: 220, opens: true }
  const state: Column<Vm> = { key: 'state', title: t('adopt.planState'), width: 120, render: (row) => h(StatusBadge, { status: row.state }) }
  const undecided: Column<Vm> = { key: 'undecided', title: t('adopt.waitsFor'), minWidth: 200, render: (row) => lines(row.waits.map(told)) }

  function server(row: Vm): VNodeChild {
    const id = row.progress?.state === 'adopted' ? row.progress.resource_id : undefined
    return id ? h(RouterLink, { to: { name: 'resource', params: { id } } }, () => row.server) : row.server
  }

  function of(view: View): Column<Vm>[] {
    if (view === 'checks') {
      return [
        path,
        state,
        { key: 'severities', title: t('adopt.severityOf'), width: 240, render: severities },
        { key: 'findings', title: t('adopt.findings'), minWidth: 260, render: (row) => lines(row.findings.map((one) => names.title(one))) },
        { key: 'power', title: t('attribute.power_state'), width: 120, render: (row) => h(StatusBadge, { status: row.facts.power }) },
        { key: 'guest', title: t('adopt.guest'), width: 150, render: (row) => lines([row.facts.guest]) },
        { key: 'addresses', title: t('attribute.addresses'), minWidth: 120, render: (row) => lines(addresses(row)) },
        undecided,
      ]
    }
    if (view === 'plan') {
      return [
        path,
        { key: 'server', title: t('kind.one.server'), minWidth: 120 },
        state,
        { key: 'project', title: t('kind.one.project'), width: 110 },
        { key: 'flavor', title: t('kind.one.flavor'), width: 140 },
        { key: 'networks', title: t('kind.many.network'), minWidth: 150, render: (row) => lines(networks(row)) },
        { key: 'addresses', title: t('attribute.addresses'), minWidth: 120, render: (row) => lines(addresses(row)) },
        { key: 'volumes', title: t('kind.many.volume'), minWidth: 130, render: (row) => lines(volumes(row)) },
        undecided,
        { key: 'because', title: t('adopt.because'), minWidth: 130 },
      ]
    }
    return [
      path,
      { key: 'progress', title: t('adopt.result'), width: 130, render: (row) => (row.progress ? h(StatusBadge, { status: row.progress.state, reason: reasonOf(row.progress.reason, row.progress.message) }) : NOTHING) },
      { key: 'server', title: t('kind.one.server'), minWidth: 130, render: server },
      { key: 'reason', title: t('common.reason'), minWidth: 240, render: (row) => lines([row.progress?.message, row.progress?.left_message].filter((one) => one != null).map(told)) },
      { key: 'differences', title: t('adopt.differences'), minWidth: 220, render: (row) => lines(row.differences?.map((one) => reasonOf(one.says, one.message) ?? '') ?? []) },
      { key: 'changed', title: t('adopt.changed'), minWidth: 130, render: (row) => lines(row.progress?.changed ?? []) },
      { key: 'seconds', title: t('adopt.seconds'), width: 90, render: (row) => (row.progress?.seconds == null ? NOTHING : n(Math.round(row.progress.seconds * 10) / 10)) },
      { key: 'at', title: t('common.updated'), width: 165, render: (row) => moment(row.progress?.at) },
    ]
  }
  return of
}
