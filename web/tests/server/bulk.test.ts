import { describe, expect, it } from 'vitest'

import { curlOf } from '@/api/client'
import { releaseCall, type Subject } from '@/server/actions'
import { snapshotCall } from '@/snapshot/snapshots'

const server = (id: string): Subject => ({ id, kind: 'server', name: id, status: 'ACTIVE', cloud_id: 'c' })
const wanted = { name: 'before', description: '', memory: false, quiesce: false }

describe('what is done with servers', () => {
  it('is about one of them, if there is one', async () => {
    expect(await curlOf(releaseCall([server('a')], 'k'))).toContain('/api/v1/resources/a/release')
    expect(await curlOf(snapshotCall([server('a')], wanted, 'k'))).toContain('/api/v1/resources/a/actions')
  })

  it('is one call for all of them, if there are several', async () => {
    const released = await curlOf(releaseCall([server('a'), server('b')], 'k'))
    expect(released).toContain('/api/v1/release')
    expect(released).toContain('{"resources":["a","b"]}')
    const taken = await curlOf(snapshotCall([server('a'), server('b')], wanted, 'k'))
    expect(taken).toContain('/api/v1/actions')
    expect(taken).toContain('"resources":["a","b"]')
  })
})
