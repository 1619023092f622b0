/** The typed client of the API: every call of the UI goes through `run`, so it can be shown by `curlOf` too. */
import createClient, { type Client } from 'openapi-fetch'

import { curl } from './curl'
import { asProblem, problemOf } from './problem'
import type { components, paths } from './schema'

export type Api = Client<paths>
export type Schemas = components['schemas']
/** A request, not yet sent; the same is sent, or shown as the command that would send it. */
export type Call<T> = (api: Api) => Promise<{ data?: T; error?: unknown; response: Response }>

const SAFE = new Set(['GET', 'HEAD'])
let csrf: string | null = null
let whenLoggedOut: () => void = () => undefined

/** The session's token that requests which change something must have. */
export function useCsrf(token: string | null): void {
  csrf = token
}

/** What to do when the API says that nobody is logged in any more. */
export function onLoggedOut(what: () => void): void {
  whenLoggedOut = what
}

// Ours and not relative: the client makes Request objects, which need whole URLs outside of browsers.
const baseUrl = globalThis.location.origin
const api: Api = createClient<paths>({ baseUrl })
api.use({
  onRequest({ request }) {
    if (csrf && !SAFE.has(request.method)) request.headers.set('X-CSRF-Token', csrf)
    return request
  },
})

/** Send a call. Throws Problem. */
export async function run<T>(call: Call<T>): Promise<T> {
  try {
    const { data, error, response } = await call(api)
    if (response.ok) return data as T
    if (response.status === 401) whenLoggedOut()
    throw problemOf(response.status, error)
  } catch (error) {
    throw asProblem(error)
  }
}

class Captured extends Error {
  constructor(readonly request: Request) {
    super('captured')
  }
}

const recorder: Api = createClient<paths>({
  baseUrl,
  fetch: (request) => Promise.reject(new Captured(request)),
})

/** The command that does what the call does. Nothing is sent. */
export async function curlOf(call: Call<unknown>): Promise<string> {
  try {
    await call(recorder)
  } catch (error) {
    if (error instanceof Captured) return curl(error.request)
    throw error
  }
  throw new Error('a call that sends nothing')
}
