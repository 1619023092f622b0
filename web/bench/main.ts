/** Naive UI's tree and table at the sizes that are promised; benchmarks/web.py opens this page and measures. */
import { NDataTable, NTree, type DataTableColumns, type TreeOption } from 'naive-ui'
import { createApp, h, nextTick, ref, shallowRef } from 'vue'

interface Row {
  id: string
  name: string
  status: string
  cloud: string
}

const NODES = 10_000
const ROWS = 100_000
const HEIGHT = 600

/** 10 clouds of 10 clusters of 99 servers: with their parents 10,000 or so. */
function makeTree(): TreeOption[] {
  const wide = (prefix: string, count: number, below: (key: string) => TreeOption[] | undefined) =>
    Array.from({ length: count }, (_, place) => {
      const key = `${prefix}-${String(place)}`
      return { key, label: key, children: below(key) }
    })
  return wide('cloud', 10, (cloud) =>
    wide(`${cloud}-cluster`, 10, (cluster) => wide(`${cluster}-server`, NODES / 100 - 1, () => undefined)),
  )
}

function makeRows(): Row[] {
  return Array.from({ length: ROWS }, (_, place) => ({
    id: String(place),
    name: `server-${String(place)}`,
    status: place % 7 ? 'active' : 'stopped',
    cloud: `cloud-${String(place % 10)}`,
  }))
}

const columns: DataTableColumns<Row> = [
  { type: 'selection' },
  { key: 'name', title: 'Name' },
  { key: 'status', title: 'Status' },
  { key: 'cloud', title: 'Cloud' },
]

const tree = shallowRef<TreeOption[]>([])
const rows = shallowRef<Row[]>([])
const expanded = ref<string[]>([])

async function painted(): Promise<void> {
  await nextTick()
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
}

async function timed(change: () => void): Promise<number> {
  const began = performance.now()
  change()
  await painted()
  return performance.now() - began
}

/** Milliseconds between frames while something is scrolled from its top to its end. */
async function scroll(selector: string, frames: number): Promise<number[]> {
  const element = document.querySelector(selector)
  if (!element) throw new Error(`no ${selector}`)
  const taken: number[] = []
  const step = element.scrollHeight / frames
  let last = performance.now()
  for (let frame = 0; frame < frames; frame++) {
    element.scrollTop = step * frame
    await new Promise(requestAnimationFrame)
    taken.push(performance.now() - last)
    last = performance.now()
  }
  return taken
}

async function measure() {
  const nodes = makeTree()
  const all = nodes.flatMap((cloud) => [cloud, ...(cloud.children ?? [])]).map((node) => String(node.key))
  const table = makeRows()
  return {
    treeCollapsed: await timed(() => (tree.value = nodes)),
    treeExpandAll: await timed(() => (expanded.value = all)),
    treeScroll: await scroll('.n-tree .v-vl', 200),
    treeCollapseAll: await timed(() => (expanded.value = [])),
    table: await timed(() => (rows.value = table)),
    tableScroll: await scroll('.n-data-table .v-vl', 200),
    elements: document.querySelectorAll('*').length,
  }
}

Object.assign(window, { measure })
createApp(() =>
  h('div', { style: 'display: grid; grid-template-columns: 300px 1fr' }, [
    h(NTree, {
      data: tree.value,
      virtualScroll: true,
      blockLine: true,
      checkable: false,
      style: `height: ${String(HEIGHT)}px`,
      expandedKeys: expanded.value,
      onUpdateExpandedKeys: (keys: string[]) => (expanded.value = keys),
    }),
    h(NDataTable, {
      columns,
      data: rows.value,
      rowKey: (row: Row) => row.id,
      virtualScroll: true,
      maxHeight: HEIGHT,
      size: 'small',
    }),
  ]),
).mount('#app')
