/** What can be done with things: the same in context menus, toolbars and on pages. */
import type { DropdownOption } from 'naive-ui'
import { shallowRef } from 'vue'

export interface Action {
  key: string
  label: string
  danger?: boolean
  disabled?: boolean
  /** A line above it in menus. */
  apart?: boolean
  run: () => void
}

export interface OpenMenu {
  x: number
  y: number
  actions: Action[]
}

/** The one context menu that may be open; the shell shows it. */
export const menu = shallowRef<OpenMenu>()

/** Open a context menu where the mouse is, or at the element that has the focus. */
export function openMenu(event: MouseEvent | KeyboardEvent, actions: Action[]): void {
  event.preventDefault()
  if (!actions.length) return
  const { x, y } = event instanceof MouseEvent ? { x: event.clientX, y: event.clientY } : placeOf(event)
  menu.value = { x, y, actions }
}

function placeOf(event: KeyboardEvent): { x: number; y: number } {
  const box = (event.target as HTMLElement).getBoundingClientRect()
  return { x: box.left + 24, y: box.bottom }
}

export function isMenuKey(event: KeyboardEvent): boolean {
  return event.key === 'ContextMenu' || (event.shiftKey && event.key === 'F10')
}

/** For the element around the options of a menu. */
export function menuProps() {
  return { role: 'menu' }
}

export function optionsOf(actions: readonly Action[]): DropdownOption[] {
  return actions.flatMap((one) => [
    ...(one.apart ? [{ type: 'divider', key: `${one.key}-line` }] : []),
    {
      key: one.key,
      label: one.label,
      disabled: one.disabled,
      props: { role: 'menuitem', 'aria-disabled': Boolean(one.disabled), style: one.danger ? 'color: var(--bad)' : undefined },
    },
  ])
}
