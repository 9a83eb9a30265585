import { WebSocket, WebSocketServer } from 'ws';
import { compression, digest, lines, report, subprotocols } from './node.mjs';
import { obey } from './obey.mjs';

const options = {
  perMessageDeflate: compression && {
    threshold: 1,
    serverNoContextTakeover: !compression.takeover,
    clientNoContextTakeover: !compression.takeover,
    serverMaxWindowBits: compression.serverWindowBits,
    clientMaxWindowBits: compression.clientWindowBits,
  },
};

function talk(socket) {
  socket.binaryType = 'arraybuffer';
  socket.on('error', err => console.error(err));
  obey(socket, {
    report,
    digest,
    fragments(data, size) {
      const bytes = Buffer.from(data);
      for (let i = 0; i < bytes.length; i += size) {
        const fin = i + size >= bytes.length;
        socket.send(bytes.subarray(i, i + size), { binary: typeof data !== 'string', fin });
      }
    },
    ping(data, ponged) {
      socket.once('pong', got => got.toString() === data && ponged());
      socket.ping(data);
    },
  });
}

if (process.argv[2] === 'server') {
  const handleProtocols = offered => subprotocols.findLast(name => offered.has(name)) ?? false;
  const server = new WebSocketServer({ ...options, host: '127.0.0.1', port: 0, handleProtocols });
  server.on('listening', () => report(`listening ${server.address().port}`));
  server.on('connection', talk);
  lines(() => {});
} else {
  lines(url => talk(new WebSocket(url, subprotocols, options)));
}
