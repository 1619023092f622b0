/** The inventory as trees: a level at a time, each read when it is opened. */
import type { TreeOption } from 'naive-ui'
import { ref, shallowReactive, shallowRef, type Ref, type ShallowRef } from 'vue'

import { run, type Schemas } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'

export type NodeOut = Schemas['NodeOut']
export const VIEWS = ['hosts', 'tenants', 'storage', 'networks', 'clouds'] as const
export type View = (typeof VIEWS)[number]

export interface TreeNode extends TreeOption {
  key: string
  label: string
  isLeaf: boolean
  children?: TreeNode[]
  /** None of a node that stands for more of its level. */
  node?: NodeOut
  more?: { parent: TreeNode | undefined; cursor: string }
}

export interface Tree {
  roots: ShallowRef<TreeNode[]>
  expanded: Ref<string[]>
  problem: ShallowRef<Problem | undefined>
  isRead: Ref<boolean>
  /** Read the nodes below one. */
  open: (node: TreeNode) => Promise<void>
  /** Read what comes after in a level that is long. */
  more: (node: TreeNode) => Promise<void>
  /** Read every level that is open once more. */
  refresh: () => Promise<void>
}

const LIMIT = 500
/** So few roots are open from the beginning. */
const FEW = 3
/** Of which the same name below two others is told apart by its path. */
export const SEPARATOR = '/'

export function useTree(view: View): Tree {
  const roots = shallowRef<TreeNode[]>([])
  const expanded = ref<string[]>([])
  const problem = shallowRef<Problem>()
  const isRead = ref(false)

  async function read(parent: TreeNode | undefined, cursor?: string, limit = LIMIT): Promise<TreeNode[]> {
    const query = { view, parent: parent?.node?.id, cursor, limit }
    const part = await run((api) => api.GET('/api/v1/tree', { params: { query } }))
    const nodes = part.items.map((node) => treeNode(node, parent))
    if (part.next) nodes.push(moreNode(parent, part.next))
    return nodes
  }

  async function guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
      problem.value = undefined
    } catch (error) {
      problem.value = asProblem(error)
    }
  }

  /** A level that has the same nodes as before stays: Naive UI forgets where the keyboard is in one that is new. */
  function put(parent: TreeNode | undefined, nodes: TreeNode[]): TreeNode[] {
    const former = parent ? parent.children : roots.value
    if (former?.length === nodes.length && former.every((one, place) => one.key === nodes[place]?.key)) {
      former.forEach((one, place) => Object.assign(one, nodes[place]))
      return former
    }
    if (parent) parent.children = nodes
    else roots.value = nodes
    return nodes
  }

  async function refreshBelow(parent: TreeNode | undefined): Promise<void> {
    const former = parent ? (parent.children ?? []) : roots.value
    const nodes = await read(parent, undefined, Math.min(1000, Math.max(LIMIT, former.length)))
    const known = new Map(former.map((one) => [one.key, one]))
    for (const node of nodes) node.children = node.isLeaf ? undefined : known.get(node.key)?.children
    const open = put(parent, nodes).filter((one) => one.children && expanded.value.includes(one.key))
    for (const node of open) await refreshBelow(node)
  }

  async function openAll(nodes: readonly TreeNode[]): Promise<void> {
    const inner = nodes.filter((one) => !one.isLeaf)
    await guarded(async () => {
      for (const node of inner) put(node, await read(node))
    })
    expanded.value = inner.map((one) => one.key)
  }

  return {
    roots,
    expanded,
    problem,
    isRead,
    open: (node) => guarded(async () => void put(node, await read(node))),
    more: (node) =>
      guarded(async () => {
        const { parent, cursor } = node.more ?? { parent: undefined, cursor: '' }
        const before = (parent ? (parent.children ?? []) : roots.value).filter((one) => one !== node)
        put(parent, [...before, ...(await read(parent, cursor))])
      }),
    refresh: async () => {
      await guarded(() => refreshBelow(undefined))
      if (!isRead.value && roots.value.length <= FEW) await openAll(roots.value)
      isRead.value = true
    },
  }
}

function treeNode(node: NodeOut, parent: TreeNode | undefined): TreeNode {
  return shallowReactive<TreeNode>({ key: keyOf(node.id, parent), label: node.name, isLeaf: node.children === 0, node })
}

function moreNode(parent: TreeNode | undefined, cursor: string): TreeNode {
  return { key: keyOf('more', parent), label: '', isLeaf: true, more: { parent, cursor } }
}

function keyOf(id: string, parent: TreeNode | undefined): string {
  return parent ? parent.key + SEPARATOR + id : id
}
