/** Dialogs about servers, one or several, opened from wherever it is shown; the shell shows them. */
import { shallowRef } from 'vue'

import type { Subject } from './actions'

export type DialogKind = 'migrate' | 'clone' | 'snapshot' | 'resize' | 'attach_volume' | 'attach_port'

export interface OpenDialog {
  kind: DialogKind
  servers: readonly Subject[]
  done: () => void
}

export const dialog = shallowRef<OpenDialog>()

export function openDialog(kind: DialogKind, servers: readonly Subject[], done: () => void = () => undefined): void {
  dialog.value = { kind, servers, done }
}
