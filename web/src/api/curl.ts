/** A request as a curl command for a POSIX shell, with the caller's API token in a variable. */

const SECRETS = new Set(['password', 'current', 'secret', 'token', 'passcode', 'application_credential_secret'])

export async function curl(request: Request): Promise<string> {
  const words = ['curl -sS']
  if (request.method !== 'GET') words.push(`-X ${request.method}`)
  words.push('-H "Authorization: Bearer $POLYVISOR_TOKEN"')
  const body = await request.text()
  const type = request.headers.get('Content-Type') ?? ''
  if (body && type.startsWith('application/json')) words.push("-H 'Content-Type: application/json'", `-d ${quoted(withoutSecrets(body))}`)
  // Other bodies are whole files.
  else if (body) words.push(`-H ${quoted(`Content-Type: ${type}`)}`, '--data-binary @-')
  return [...words, quoted(request.url)].join(' \\\n  ')
}

/** What was typed as a secret must not end up on a clipboard or in a shell's history. */
function withoutSecrets(body: string): string {
  const hide = (key: string, value: unknown): unknown => (SECRETS.has(key) && value ? '…' : value)
  return JSON.stringify(JSON.parse(body, hide))
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
