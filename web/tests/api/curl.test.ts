import { describe, expect, it } from 'vitest'

import { curlOf } from '@/api/client'

describe('a call as a command', () => {
  it('names method, address and body, and takes the token from a variable', async () => {
    const command = await curlOf((api) => api.POST('/api/v1/filters', { body: { name: "it's", query: { kind: 'server', q: '', sort: 'name' } } }))
    expect(command).toContain('-X POST')
    expect(command).toContain('"Authorization: Bearer $POLYVISOR_TOKEN"')
    expect(command).toContain(`"name":"it'\\''s"`)
    expect(command).toContain(`'${location.origin}/api/v1/filters'`)
  })

  it('has no secret that was typed', async () => {
    const command = await curlOf((api) => api.POST('/api/v1/session', { body: { name: 'admin', password: 'hunter2hunter2' } }))
    expect(command).not.toContain('hunter2')
  })
})
