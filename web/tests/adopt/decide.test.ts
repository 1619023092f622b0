import { describe, expect, it } from 'vitest'

import type { Finding, Vm } from '@/adopt/adoptions'
import { acceptsOf, addressesOf, bodyOf, decisionOf, type Decision } from '@/adopt/decide'

function finding(check: string, severity: Finding['severity'], says: string, accepted: string | null = null): Finding {
  return { check, severity, says, message: { text: says, code: 'as_said', params: { text: says } }, item: null, title: check, way_out: `out of ${check}`, accepted }
}

function vm(id: string, findings: Finding[] = []): Vm {
  return {
    id,
    path: `/dc1/vm/${id}`,
    folder: '/dc1/vm',
    server: id,
    state: 'undecided',
    undecided: [],
    waits: [],
    adopt: null,
    project: null,
    flavor: 'v.small',
    compute: 'compute-1',
    ports: [
      { nic: 4000, mac: 'aa:bb:cc:00:00:01', network: 'vlan30', addresses: null, leave: false, because: '' },
      { nic: 4001, mac: 'aa:bb:cc:00:00:02', network: 'vlan40', addresses: ['10.0.0.7'], leave: false, because: '' },
    ],
    volumes: [{ disk: 2001, take: true, volume: 'data', size_gb: 10, type: null, because: '' }],
    decisions: {},
    because: '',
    facts: { path: '', instance_uuid: '', cluster: '', power: 'poweredOn', guest: '', tools: '', vcpus: 1, memory_mb: 1024, nics: [], disks: [], snapshots: [] },
    findings,
    progress: null,
    differences: null,
  }
}

function changed(vms: Vm[], change: (now: Decision) => void) {
  const now = decisionOf(vms)
  change(now)
  return bodyOf(vms, decisionOf(vms), now)
}

describe('a decision, as the API takes it', () => {
  it('has nothing but the VMs when nothing was touched', () => {
    expect(changed([vm('a'), vm('b')], () => undefined)).toEqual({ vms: ['a', 'b'] })
    expect(changed([vm('a')], () => undefined)).toEqual({ vms: ['a'] })
  })

  it('can take a decision back', () => {
    expect(changed([vm('a')], (now) => (now.adopt = 'undecided'))).toEqual({ vms: ['a'], adopt: null })
    expect(changed([vm('a')], (now) => (now.adopt = 'no'))).toMatchObject({ adopt: false })
  })

  it('names a tenant or a project, never both', () => {
    const body = changed([vm('a')], (now) => Object.assign(now, { owner: 'tenant', tenant_id: 't1', project: 'shop' }))
    expect(body).toEqual({ vms: ['a'], tenant_id: 't1' })
  })

  it('names all NICs once one has changed, so that errors have the place that the form has', () => {
    const body = changed([vm('a')], (now) => Object.assign(now.ports[1] ?? {}, { addresses: '10.0.0.8, 10.0.0.9' }))
    expect(body.ports).toEqual([{ nic: 4000 }, { nic: 4001, addresses: ['10.0.0.8', '10.0.0.9'] }])
  })

  it('keeps a disk that stays with its VM from becoming a volume', () => {
    const body = changed([vm('a')], (now) => Object.assign(now.volumes[0] ?? {}, { take: false }))
    expect(body.volumes).toEqual([{ disk: 2001, take: false }])
  })

  it('accepts findings with a reason, and takes that back', () => {
    const open = vm('a', [finding('rdm', 'decision', 'one')])
    expect(changed([open], (now) => Object.assign(now.accepts[0] ?? {}, { accepted: true, reason: 'known' })).decisions).toEqual({ rdm: 'known' })
    const accepted = vm('a', [finding('rdm', 'decision', 'one', 'known')])
    expect(changed([accepted], (now) => Object.assign(now.accepts[0] ?? {}, { accepted: false })).decisions).toEqual({ rdm: null })
  })
})

describe('findings to accept', () => {
  it('are those that need a decision, each check once', () => {
    const found = acceptsOf([finding('rdm', 'decision', 'one'), finding('rdm', 'decision', 'two'), finding('snapshots', 'note', 'three')])
    expect(found).toMatchObject([{ check: 'rdm', says: [{ text: 'one' }, { text: 'two' }], accepted: false }])
  })

  it('count as accepted only if they are for all VMs', () => {
    const found = acceptsOf([finding('rdm', 'decision', 'one', 'known'), finding('rdm', 'decision', 'two')])
    expect(found[0]?.accepted).toBe(false)
  })
})

describe('addresses of a port', () => {
  it('that are not given are unknown, unless somebody says that there are none', () => {
    expect(addressesOf({ addresses: ' ', known: false })).toBeNull()
    expect(addressesOf({ addresses: '', known: true })).toEqual([])
    expect(addressesOf({ addresses: '10.0.0.1,10.0.0.2', known: false })).toEqual(['10.0.0.1', '10.0.0.2'])
  })
})
