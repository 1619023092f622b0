/** States of all kinds of things, as a tone of the page's colours. */
export type Tone = 'ok' | 'busy' | 'warn' | 'bad' | 'off'

const TONES: Record<Tone, readonly string[]> = {
  ok: ['ok', 'active', 'available', 'in-use', 'ready', 'up', 'enabled', 'done', 'succeeded', 'connected', 'normal', 'accessible', 'adopted', 'poweredon', 'exists'],
  busy: ['build', 'building', 'pending', 'queued', 'running', 'resize', 'reboot', 'hard_reboot', 'migrating', 'creating', 'deleting', 'attaching', 'detaching', 'removing', 'saving', 'cancelling', 'under way', 'undoing', 'releasing'],
  warn: ['verify_resize', 'maintenance', 'draining', 'denied', 'cancelled', 'degraded', 'paused', 'undecided', 'left alone'],
  bad: ['error', 'down', 'refused', 'failed', 'killed', 'disconnected', 'error_deleting', 'inaccessible', 'blocked'],
  off: [],
}

export function toneOf(status: string): Tone {
  const wanted = status.toLowerCase()
  const found = Object.entries(TONES).find(([, states]) => states.includes(wanted))
  return (found?.[0] as Tone | undefined) ?? 'off'
}

/** The message that names a state. */
export function statusKey(status: string): string {
  return `status.${status.toLowerCase().replaceAll(' ', '_')}`
}
