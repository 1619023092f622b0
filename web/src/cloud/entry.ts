/** An entry of clouds.yaml as somebody pastes it. */
import { Problem } from '@/api/problem'

type Entry = Record<string, unknown>

/** The entry alone, or a whole file that has only the one. Throws Problem about the field. */
export async function readEntry(text: string, t: (key: string) => string): Promise<Entry> {
  const { parse } = await import('yaml')
  try {
    return only(parse(text), t)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Problem(422, 'invalid', reason, [{ field: 'body.credential.entry', reason }])
  }
}

function only(parsed: unknown, t: (key: string) => string): Entry {
  if (!isObject(parsed)) throw new Error(t('cloud.notYaml'))
  if (!isObject(parsed.clouds)) return parsed
  const entries = Object.values(parsed.clouds)
  if (entries.length !== 1 || !isObject(entries[0])) throw new Error(t('cloud.severalEntries'))
  return entries[0]
}

function isObject(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
