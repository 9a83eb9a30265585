// What a person does with the page: files are chosen or dropped, and uploaded one after the other.

const uploads = document.getElementById('uploads');
const template = document.getElementById('upload');
const chooser = document.getElementById('chooser');
const retries = 10; // until the server has more of the file

const maxSize = Number(chooser.dataset.maxSize);
const keep = 'keep' in chooser.dataset; // what is there is not replaced

let line = Promise.resolve(); // of uploads

class Upload {
  #row = template.content.firstElementChild.cloneNode(true);
  #state = this.#row.querySelector('.state');
  #bar = this.#row.querySelector('progress');
  #button = this.#row.querySelector('.act');
  #skip = this.#row.querySelector('.skip');
  #speed = null; // {at, time} of when this try has begun to send
  #tries = 0;
  #stored = 0; // of the file, as the server has told

  constructor(file) {
    this.file = file;
    this.#row.querySelector('.name').textContent = file.name;
    this.#bar.setAttribute('aria-label', file.name);
    this.#bar.max = Math.max(file.size, 1);
    uploads.append(this.#row);
  }

  // begin puts it in line, if it can be uploaded.
  begin() {
    if (this.file.size > maxSize) return this.#refuse(`It has ${bytes(this.file.size)}; a file may have ${bytes(maxSize)} at most here.`);
    const there = names().has(this.file.name);
    if (there && keep) return this.#refuse('There is a file of this name, and files are not replaced here.');
    if (!there) return this.#enter();
    this.#show('asked', 'There is a file of this name.');
    this.#offer('Replace it', () => this.#enter());
    this.#skip.hidden = false;
    this.#skip.onclick = () => { this.#row.remove(); chooser.focus(); };
  }

  #refuse(text) {
    this.#show('failed', text);
    this.#offer('Dismiss', () => { this.#row.remove(); chooser.focus(); });
  }

  #enter() {
    this.#skip.hidden = true;
    this.#show('waiting', 'Waiting');
    let stop;
    const stopped = new Promise(resolve => { stop = resolve; });
    this.#offer('Cancel', () => stop('Cancelled. What has come is kept for a day.'));
    line = line.then(() => this.#run(stopped));
  }

  // #run uploads until that is done, is stopped, or has failed for good.
  async #run(stopped) {
    for (this.#tries = 0; ; this.#tries++) {
      const end = await this.#try(stopped);
      if (end.sum) return this.#done(end.sum);
      if (end.again && this.#tries < retries && await this.#pause(end.failed, stopped)) continue;
      this.#show('failed', end.failed);
      return this.#offer('Try again', () => this.#enter());
    }
  }

  // #try uploads with a worker, and returns its last message, or a failure if it is stopped.
  async #try(stopped) {
    const worker = new Worker(new URL('upload.js', import.meta.url), { type: 'module' });
    this.#speed = null;
    this.#show('active', 'Connecting');
    const last = new Promise(resolve => {
      worker.onerror = () => resolve({ failed: 'The program of this page cannot be loaded. Load the page anew.' });
      worker.onmessage = ({ data }) => data.stage ? this.#progress(data) : resolve(data);
    });
    worker.postMessage({ file: this.file, url: address(this.file.name) });
    const end = await Promise.race([last, stopped.then(failed => ({ failed }))]);
    worker.terminate();
    return end;
  }

  // #pause waits before the next try, and returns whether there is to be one.
  async #pause(why, stopped) {
    for (let seconds = Math.min(2 ** this.#tries, 30); seconds > 0; seconds--) {
      this.#show('waiting', `${why} Trying again in ${seconds} s`);
      const over = new Promise(resolve => { setTimeout(resolve, 1000, true); });
      if (!await Promise.race([over, stopped.then(() => false)])) return false;
    }
    return true;
  }

  #progress({ stage, at }) {
    this.#bar.value = at;
    const part = `${bytes(at)} of ${bytes(this.file.size)}`;
    switch (stage) {
      case 'begun':
        if (at > this.#stored) this.#tries = 0;
        this.#stored = at;
        return;
      case 'anew': return this.#show('active', 'The server has a part of another file of this name: beginning anew');
      case 'comparing': return this.#show('active', `Comparing with what the server has: ${part}`);
      case 'storing': return this.#show('active', 'All is sent. The server brings it to its disk');
    }
    const now = performance.now();
    this.#speed ??= { at, now };
    const speed = (at - this.#speed.at) / Math.max(now - this.#speed.now, 1) * 1000;
    const left = speed > 0 ? `, ${bytes(speed)}/s, ${duration((this.file.size - at) / speed)} left` : '';
    this.#show('active', part + left);
  }

  #done(sum) {
    this.#bar.value = this.#bar.max;
    this.#show('done', `Done: ${bytes(this.file.size)}. SHA-256, the same at both ends: `);
    const code = document.createElement('code');
    code.textContent = sum;
    this.#state.append(code);
    this.#button.hidden = true;
    refresh();
  }

  #show(state, text) {
    this.#row.dataset.state = state;
    this.#state.ariaLive = state === 'active' || state === 'waiting' ? 'off' : 'polite'; // what changes all the time is not read out
    if (this.#state.textContent !== text) this.#state.textContent = text;
  }

  #offer(text, act) {
    this.#button.textContent = text;
    this.#button.ariaLabel = `${text}: ${this.file.name}`;
    this.#button.onclick = act;
  }
}

// address returns where the file of a name is uploaded to: beside the page.
function address(name) {
  const url = new URL('./' + encodeURIComponent(name.toWellFormed()), location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  return url.href;
}

const names = () => new Set(Array.from(document.querySelectorAll('#files [data-file]'), row => row.dataset.file));

function bytes(n) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; n >= 1024 && unit < units.length - 1; unit++) n /= 1024;
  return `${Number(n.toFixed(unit > 0 && n < 100 ? 1 : 0))} ${units[unit]}`;
}

function duration(seconds) {
  const s = Math.ceil(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
}

// refresh shows what is in the folder now.
async function refresh() {
  const response = await fetch(location.href, { cache: 'no-store' }).catch(() => ({ ok: false }));
  if (!response.ok) return;
  const now = new DOMParser().parseFromString(await response.text(), 'text/html').getElementById('files');
  if (now) document.getElementById('files').replaceWith(now);
  localize();
}

// localize shows times as they are where the person is.
function localize() {
  for (const time of document.querySelectorAll('#files time')) {
    time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
  }
}

function add(files) {
  for (const file of files) new Upload(file).begin();
}

chooser.onchange = () => {
  add(chooser.files);
  chooser.value = '';
};

const hasFiles = event => event.dataTransfer?.types.includes('Files');

addEventListener('dragover', event => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = 'copy';
  document.body.classList.add('over');
});

addEventListener('dragleave', event => {
  if (!event.relatedTarget) document.body.classList.remove('over');
});

addEventListener('drop', event => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  document.body.classList.remove('over');
  const folders = Array.from(event.dataTransfer.items, item => item.webkitGetAsEntry?.()?.isDirectory);
  add(Array.from(event.dataTransfer.files).filter((_, i) => !folders[i]));
  document.getElementById('folders').hidden = !folders.includes(true);
});

addEventListener('beforeunload', event => {
  if (uploads.querySelector('[data-state=active], [data-state=waiting]')) event.preventDefault();
});

localize();
