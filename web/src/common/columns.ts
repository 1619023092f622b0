/** Columns of lists. */
import type { VNodeChild } from 'vue'

export interface Column<R> {
  key: string
  title: string
  /** What is shown; without it the row's value of that key. */
  render?: (row: R) => VNodeChild
  width?: number
  minWidth?: number
  /** What is in it opens the row, beside a double click and Enter. */
  opens?: boolean
  /** Whether the API sorts by it. */
  sorts?: boolean
}
