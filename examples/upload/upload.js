// upload sends the file, a File, as one message. The browser reads it while it sends it, and never holds it as a whole.
// It calls progress with the part that has left, from 0 to 1, and returns what the server says in the end.
export function upload(file, progress) {
  return new Promise((resolve, reject) => {
    const url = new URL('/upload?name=' + encodeURIComponent(file.name), location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url);
    let watch, answer;
    socket.addEventListener('message', event => {
      if (watch) { // the second message: the file is stored
        answer = event.data;
        return;
      }
      if (file.size > Number(event.data)) {
        socket.close();
        reject(new Error(`a file may have ${event.data} bytes`));
        return;
      }
      socket.send(file);
      watch = setInterval(() => progress(1 - socket.bufferedAmount / Math.max(file.size, 1)), 100);
    });
    socket.addEventListener('close', event => {
      clearInterval(watch);
      if (answer === undefined) {
        reject(new Error(event.reason || `the server has ended the connection (${event.code})`));
        return;
      }
      progress(1);
      resolve(answer);
    });
  });
}
