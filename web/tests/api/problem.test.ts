import { describe, expect, it } from 'vitest'

import { asProblem, problemOf } from '@/api/problem'

const said = (text: string) => ({ text, code: 'of_a_later_release', params: {} })
const BODY = {
  title: 'Invalid request',
  status: 422,
  detail: 'body.name: is taken',
  message: said('body.name: is taken'),
  code: 'invalid',
  errors: [
    { field: 'body.name', reason: 'is taken', message: said('is taken') },
    { field: 'body.credential.clouds_yaml.entry', reason: 'has no auth_url', message: said('has no auth_url') },
  ],
  request_id: 'req-1',
}

describe('a problem of the API', () => {
  it('says what is wrong with a field, and nothing of fields that are right', () => {
    const problem = problemOf(422, BODY)
    expect(problem.of('name')).toBe('is taken')
    expect(problem.of('description')).toBeUndefined()
  })

  it('finds a field below a variant of a union, which only the server names', () => {
    expect(problemOf(422, BODY).of('credential.entry')).toBe('has no auth_url')
  })

  it('leaves for the top of a form what none of its fields will show', () => {
    expect(problemOf(422, BODY).others(['name'])).toEqual([{ field: 'body.credential.clouds_yaml.entry', reason: 'has no auth_url' }])
  })

  it('keeps the id by which the log can be searched', () => {
    expect(problemOf(422, BODY).requestId).toBe('req-1')
  })
})

describe('what is no answer of the API', () => {
  it('is the network when fetch says so', () => {
    expect(asProblem(new TypeError('Failed to fetch')).code).toBe('network')
  })

  it('keeps what a proxy has said instead', () => {
    const problem = problemOf(502, 'Bad Gateway')
    expect([problem.status, problem.code, problem.detail]).toEqual([502, 'unexpected', 'Bad Gateway'])
  })
})
