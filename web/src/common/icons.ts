/** Icons of kinds of things. */
import {
  BareMetalServer,
  Building,
  Camera,
  Chip,
  Cloud,
  DataBase,
  Enterprise,
  Folder,
  Image,
  Network3,
  Plug,
  Portfolio,
  User,
  ServerDns,
  VirtualDesktop,
  VmdkDisk,
} from '@vicons/carbon'
import type { Component } from 'vue'

const ICONS: Record<string, Component> = {
  cloud: Cloud,
  cluster: Building,
  compute_service: ServerDns,
  datastore: DataBase,
  esxi_host: BareMetalServer,
  flavor: Chip,
  image: Image,
  network: Network3,
  port: Plug,
  project: Portfolio,
  server: VirtualDesktop,
  snapshot: Camera,
  tenant: Enterprise,
  user: User,
  volume: VmdkDisk,
}

export function iconOf(kind: string): Component {
  return ICONS[kind] ?? Folder
}
