import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { WebSocket, ping } from 'undici';
import { digest, lines, report, subprotocols } from './node.mjs';
import { obey } from './obey.mjs';

const pongs = 'undici:websocket:pong'; // of all sockets

lines(url => {
  const socket = new WebSocket(url, subprotocols);
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('error', event => console.error(event.error));
  obey(socket, {
    report,
    digest,
    ping(data, ponged) {
      subscribe(pongs, function pong({ websocket, payload }) {
        if (websocket !== socket || payload.toString() !== data) return;
        unsubscribe(pongs, pong);
        ponged();
      });
      ping(socket, Buffer.from(data));
    },
  });
});
