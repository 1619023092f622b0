/** A plan that somebody has edited, on its way to the API: text, not JSON. */
import type { Call } from '@/api/client'

export function planCall(adoption: string, text: string): Call<unknown> {
  const params = { path: { adoption_id: adoption } }
  const headers = { 'Content-Type': 'application/yaml' }
  return (api) => api.PUT('/api/v1/adoptions/{adoption_id}/plan', { params, headers, body: text, bodySerializer: (body) => body })
}
