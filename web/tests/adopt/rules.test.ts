import { describe, expect, it } from 'vitest'

import { Problem } from '@/api/problem'
import { readAddresses, readRules, writeAddresses, writeRules } from '@/adopt/rules'

const line = (place: number) => `line ${String(place)}`

describe('rules', () => {
  it('are YAML, and may be none', async () => {
    expect(await readRules('servers:\n- {rule: all, adopt: true}', 'no')).toEqual({ servers: [{ rule: 'all', adopt: true }] })
    expect(await readRules('', 'no')).toEqual({})
  })

  it.each(['- a\n- b', 'only words', '{'])('that are %j are wrong in their field', async (text) => {
    const problem = await readRules(text, 'these are no rules').catch((error: unknown) => error as Problem)
    expect(problem).toBeInstanceOf(Problem)
    expect((problem as Problem).of('rules')).toBeTruthy()
  })

  it('are shown without what nobody has said; an untagged VLAN is said by null', async () => {
    const text = await writeRules({ switches: [], networks: [{ physical_network: 'p', vlan: null, network: null, accept: {} }], addresses: null })
    expect(text).toBe('networks:\n  - physical_network: p\n    vlan: null\n')
    expect(await writeRules({ switches: [], addresses: null })).toBe('')
  })
})

describe('addresses', () => {
  it('are lines of three, with or without a heading', () => {
    const text = 'vm,mac,address\napp-001, , 10.0.0.7\n\napp-002, AA:BB:CC:00:00:01, fd00::1'
    const found = readAddresses(text, line)
    expect(found).toEqual([
      { vm: 'app-001', mac: '', address: '10.0.0.7' },
      { vm: 'app-002', mac: 'aa:bb:cc:00:00:01', address: 'fd00::1' },
    ])
    expect(readAddresses(writeAddresses(found), line)).toEqual(found)
  })

  it('that are not three name their line', () => {
    expect(() => readAddresses('app-001, , 10.0.0.7\napp-002, 10.0.0.8', line)).toThrow('line 2')
  })
})
