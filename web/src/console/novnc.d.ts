/** As much of noVNC as is used here; it has no types of its own. */
declare module '@novnc/novnc' {
  export default class RFB extends EventTarget {
    constructor(target: HTMLElement, channel: WebSocket)
    scaleViewport: boolean
    background: string
    sendCtrlAltDel(): void
    focus(): void
    disconnect(): void
  }
}
