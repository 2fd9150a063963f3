// SPDX-License-Identifier: MIT
// Bytes: base64, inflation and the LEB128 numbers that every block of the report is made of
// (Documentation/report.md). Nothing here knows what the numbers mean.
//
// Rules: a Reader never reads past its end; it throws RangeError, so a damaged block is an error
// of one block and never an endless loop. Numbers are exact up to 2^53.

export function fromBase64(text) {
  const raw = atob(text.trim());
  const out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  return out;
}

// zlib format in, plain bytes out. Asynchronous, because the browser inflates off the main
// thread.
export async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  // One unsigned number.
  number() {
    const bytes = this.bytes;
    let value = 0;
    let scale = 1;
    for (;;) {
      if (this.at >= bytes.length) throw new RangeError(`block ends at byte ${this.at}`);
      const b = bytes[this.at++];
      value += (b & 127) * scale;
      if (b < 128) return value;
      scale *= 128;
    }
  }

  // One signed number, zigzag: 0, -1, 1, -2, ...
  signed() {
    const n = this.number();
    return n % 2 ? -(n + 1) / 2 : n / 2;
  }

  // A count of things that follow, each of at least one byte: a lie is found before memory is
  // asked for.
  count() {
    const n = this.number();
    if (n > this.bytes.length - this.at)
      throw new RangeError(`count ${n} at byte ${this.at} exceeds the block`);
    return n;
  }

  numbers(n, out = new Float64Array(n)) {
    for (let i = 0; i < n; i++) out[i] = this.number();
    return out;
  }

  signeds(n) {
    const out = new Float64Array(n);
    for (let i = 0; i < n; i++) out[i] = this.signed();
    return out;
  }

  // The next n bytes themselves, without a copy.
  raw(n) {
    if (n > this.bytes.length - this.at)
      throw new RangeError(`block ends inside ${n} bytes at ${this.at}`);
    const out = this.bytes.subarray(this.at, this.at + n);
    this.at += n;
    return out;
  }
}

// Index of the last element of a sorted array that is <= value; -1 if all are greater.
export function lastAtMost(sorted, value, length = sorted.length) {
  let low = 0;
  let high = length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (sorted[mid] <= value) low = mid + 1;
    else high = mid;
  }
  return low - 1;
}
