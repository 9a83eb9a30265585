// SHA-256 (FIPS 180-4) of what comes in parts. The one of browsers takes all bytes at once, and is for pages over TLS alone.

const constants = Int32Array.of(
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2);

export class SHA256 {
  #state = Int32Array.of(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19);
  #rest = new Uint8Array(64); // what is no whole block yet
  #length = 0; // in bytes

  update(bytes) {
    const filled = this.#length % 64;
    this.#length += bytes.length;
    let at = 0;
    if (filled > 0) {
      at = Math.min(64 - filled, bytes.length);
      this.#rest.set(bytes.subarray(0, at), filled);
      if (filled + at < 64) return;
      mix(this.#state, this.#rest);
    }
    const whole = bytes.length - (bytes.length - at) % 64;
    mix(this.#state, bytes.subarray(at, whole));
    this.#rest.set(bytes.subarray(whole));
  }

  // hex returns the sum of what has come so far. More may come.
  hex() {
    const filled = this.#length % 64;
    const end = new Uint8Array(filled < 56 ? 64 : 128);
    end.set(this.#rest.subarray(0, filled));
    end[filled] = 0x80;
    const bits = new DataView(end.buffer, end.length - 8);
    bits.setUint32(0, Math.floor(this.#length / 2 ** 29));
    bits.setUint32(4, this.#length % 2 ** 29 * 8);
    const state = this.#state.slice();
    mix(state, end);
    return Array.from(state, word => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }
}

const schedule = new Int32Array(64);

// mix takes whole blocks into the state.
function mix(state, blocks) {
  const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.length);
  for (let at = 0; at < blocks.length; at += 64) {
    expand(view, at);
    compress(state);
  }
}

function expand(view, at) {
  const w = schedule;
  for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + 4 * i);
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15], y = w[i - 2];
    const s0 = (x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3;
    const s1 = (y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1 | 0;
  }
}

function compress(state) {
  const w = schedule, k = constants;
  let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (let i = 0; i < 64; i++) {
    const s1 = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
    const t1 = h + s1 + (g ^ e & (f ^ g)) + k[i] + w[i] | 0;
    const s0 = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
    const t2 = s0 + (a & b | c & (a | b)) | 0;
    h = g, g = f, f = e, e = d + t1 | 0;
    d = c, c = b, b = a, a = t1 + t2 | 0;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}
