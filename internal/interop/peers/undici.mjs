import { WebSocket } from 'undici';
import { digest, lines, report, subprotocols } from './node.mjs';
import { obey } from './obey.mjs';

lines(url => {
  const socket = new WebSocket(url, subprotocols);
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('error', event => console.error(event.error));
  obey(socket, { report, digest });
});
