// SPDX-License-Identifier: MIT
// Changes names inside a container: SYMBOLS, STRINGS and name events stay where they are, packets
// get new lengths and checksums (Documentation/SPEC.md, section 5). Bytes are given as Latin-1
// text.
const META = 1;
const SYMBOLS = 4;
const STRINGS = 3;
const BLOCK = 5;
const OPEN = 6;

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

export function crc32(...parts) {
  let c = 0xffffffff;
  for (const part of parts) for (const b of part) c = TABLE[(c ^ b) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

function rename(payload, type, names) {
  const text = payload.toString('latin1');
  if (type === SYMBOLS) {
    const lines = text.split('\n').map((line) => {
      const [address, size, kind, name, ...rest] = line.split(' ');
      return names.has(name)
        ? [address, size, kind, names.get(name).replaceAll(' ', '_'), ...rest].join(' ')
        : line;
    });
    return Buffer.from(lines.join('\n'), 'latin1');
  }
  // Offsets are tags: only the last string of the section may grow.
  const strings = text.split('\0');
  const last = strings.length - 2;
  if (names.has(strings[last])) strings[last] = names.get(strings[last]);
  return Buffer.from(strings.join('\0'), 'latin1');
}

// A name that an event gives is four words of four characters, at descending addresses.
function words(name) {
  const all = Buffer.alloc(16);
  Buffer.from(name, 'latin1').copy(all, 0, 0, 16);
  return Buffer.concat([12, 8, 4, 0].map((at) => all.subarray(at, at + 4)));
}

function renameEvents(payload, names) {
  const out = Buffer.from(payload);
  for (const [from, to] of names) {
    const old = words(from);
    for (let at = out.indexOf(old); at >= 0; at = out.indexOf(old, at + 16))
      words(to).copy(out, at);
  }
  return out;
}

// Calls `change(type, payload)` for each packet and writes the container anew, checksums right.
function rebuild(bytes, change) {
  const out = [bytes.subarray(0, 16)];
  for (let at = 16; at + 24 <= bytes.length;) {
    const header = Buffer.from(bytes.subarray(at, at + 24));
    const length = header.readUInt32LE(8);
    const payload = change(header.readUInt16LE(4), bytes.subarray(at + 24, at + 24 + length));
    header.writeUInt32LE(payload.length, 8);
    header.writeUInt32LE(crc32(header.subarray(0, 16), payload), 16);
    out.push(header, payload, Buffer.alloc((8 - (payload.length % 8)) % 8));
    at += 24 + Math.ceil(length / 8) * 8;
  }
  return Buffer.concat(out);
}

// The container with every name in `names` (a Map) replaced.
export function rewrite(bytes, names) {
  return rebuild(bytes, (type, payload) => {
    if (type === SYMBOLS || type === STRINGS) return rename(payload, type, names);
    return type === BLOCK || type === OPEN ? renameEvents(payload, names) : payload;
  });
}

// The container with a line of its META packet replaced.
export function setMeta(bytes, key, value) {
  return rebuild(bytes, (type, payload) => {
    if (type !== META) return payload;
    const text = payload
      .toString('latin1')
      .replace(new RegExp(`^${key}=.*$`, 'm'), `${key}=${value}`);
    return Buffer.from(text, 'latin1');
  });
}

// Some blocks with some bytes changed; `random(n)` gives 0 to n - 1.
export function damage(bytes, random) {
  return rebuild(bytes, (type, payload) => {
    if ((type !== BLOCK && type !== OPEN) || random(5)) return payload;
    const out = Buffer.from(payload);
    for (let k = random(6); k >= 0; k--) out[random(out.length)] = random(256);
    return out;
  });
}
