/** Networks of a plan, and what is decided about one. */
import type { Schemas } from '@/api/client'
import { acceptsOf, changedAccepts, type Accept } from './decide'

export type Network = Schemas['NetworkOut']
type NetworkDecisionIn = Schemas['NetworkDecisionIn']

export interface SubnetWish {
  cidr: string
  gateway: string
}

export interface NetworkWish {
  project: string
  /** With commas between; a star for all. */
  shared_with: string
  subnets: SubnetWish[]
  accepts: Accept[]
}

export function wishOf(network: Network): NetworkWish {
  return {
    project: network.project ?? '',
    shared_with: network.shared_with.join(', '),
    subnets: network.subnets.map((one) => ({ cidr: one.cidr, gateway: one.gateway ?? '' })),
    accepts: acceptsOf(network.findings),
  }
}

/** What has changed; of a network that is there already only its findings can be decided about. */
export function networkBody(network: Network, before: NetworkWish, now: NetworkWish): NetworkDecisionIn {
  const body: Partial<NetworkDecisionIn> & { key: string } = { key: network.key }
  if (now.project !== before.project) body.project = now.project || null
  if (now.shared_with !== before.shared_with) body.shared_with = now.shared_with.split(/[\s,]+/).filter(Boolean)
  if (JSON.stringify(now.subnets) !== JSON.stringify(before.subnets)) body.subnets = now.subnets.filter((one) => one.cidr.trim()).map(subnetOf)
  const decisions = changedAccepts(before.accepts, now.accepts)
  if (Object.keys(decisions).length) body.decisions = decisions
  return body as NetworkDecisionIn
}

function subnetOf({ cidr, gateway }: SubnetWish): { cidr: string; gateway: string | null } {
  return { cidr: cidr.trim(), gateway: gateway.trim() || null }
}

/** Whether VMs on it wait for somebody's decision. */
export function isUndecided(network: Network): boolean {
  return (network.id === null && network.project === null) || acceptsOf(network.findings).some((one) => !one.accepted)
}
