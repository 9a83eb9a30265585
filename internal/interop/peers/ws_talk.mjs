// What ws is told, over HTTP/1.1 and HTTP/2.
import { compression, digest, report } from './node.mjs';
import { obey } from './obey.mjs';

export const options = {
  perMessageDeflate: compression && {
    threshold: 1,
    serverNoContextTakeover: !compression.takeover,
    clientNoContextTakeover: !compression.takeover,
    serverMaxWindowBits: compression.serverWindowBits,
    clientMaxWindowBits: compression.clientWindowBits,
  },
};

// Has a socket obey. What cuts it, if anything does, is given the way to do so.
export function talk(socket, cut) {
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
    cut(data, how) {
      socket.send(data.slice(0, data.byteLength / 2), { fin: false }, () => cut(how));
    },
  });
}
