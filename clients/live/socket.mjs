// @ts-check
// A WebSocket that comes back: at once when the network does, otherwise after a pause that doubles.

const PAUSE_MS = 500;
const PAUSE_MS_MAX = 30_000;
// A network that vanished without a word leaves a socket that looks open; silence tells.
const SILENCE_MS = 15_000;

/** @typedef {'connecting' | 'open' | 'lost'} State */

/**
 * Keep a socket open.
 * @param {string} path on this host
 * @param {{onMessage: (data: string | ArrayBuffer) => void, onState: (state: State) => void}} to
 * @returns {{close: () => void}}
 */
export function keepOpen(path, { onMessage, onState }) {
  /** @type {WebSocket | null} */
  let socket = null;
  let failures = 0;
  let timer = 0;
  let silence = 0;
  let isOpen = false;
  let isClosed = false;

  function listen() {
    window.clearTimeout(silence);
    silence = window.setTimeout(() => socket?.close(), SILENCE_MS);
  }

  function open() {
    window.clearTimeout(timer);
    if (isClosed) return;
    onState(failures === 0 ? 'connecting' : 'lost');
    const address = new URL(path, window.location.href);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const opened = new WebSocket(address);
    socket = opened;
    opened.binaryType = 'arraybuffer';
    opened.onmessage = ({ data }) => {
      // Only a socket that has said something is open: one may be accepted and closed at once.
      if (!isOpen) onState('open');
      isOpen = true;
      failures = 0;
      listen();
      onMessage(data);
    };
    opened.onopen = listen;
    opened.onclose = () => {
      window.clearTimeout(silence);
      isOpen = false;
      if (isClosed || socket !== opened) return;
      onState('lost');
      const pause = Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** failures);
      failures += 1;
      timer = window.setTimeout(open, pause * (0.5 + Math.random() / 2));
    };
  }

  function hurry() {
    if (socket === null || socket.readyState === WebSocket.CLOSED) open();
  }

  window.addEventListener('online', hurry);
  open();
  return {
    close() {
      isClosed = true;
      window.removeEventListener('online', hurry);
      window.clearTimeout(timer);
      window.clearTimeout(silence);
      socket?.close();
    },
  };
}
