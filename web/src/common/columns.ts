/** Columns of lists. */
import type { VNodeChild } from 'vue'

export interface Column<R> {
  key: string
  title: string
  /** What is shown; without it the row's value of that key. */
  render?: (row: R) => VNodeChild
  width?: number
  minWidth?: number
  /** Whether the API sorts by it. */
  sorts?: boolean
}
