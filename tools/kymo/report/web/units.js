// SPDX-License-Identifier: MIT
// Numbers as people read them: moments, durations, shares, counts. All times inside the page are
// clock counts relative to the trace's first event (`start` of the index); only this file turns
// them into seconds.

const UNITS = [
  [1, 's'],
  [1e-3, 'ms'],
  [1e-6, 'µs'],
  [1e-9, 'ns'],
];

// A duration with four significant digits: "1.250 ms".
export function duration(counts, hz) {
  if (counts === null || counts === undefined || Number.isNaN(counts)) return '–';
  const seconds = Math.abs(counts) / hz;
  if (seconds === 0) return '0 s';
  const sign = counts < 0 ? '−' : '';
  const [scale, unit] = UNITS.find(([s]) => seconds >= s * 0.9999) ?? UNITS[3];
  const value = seconds / scale;
  const digits = value >= 1000 ? 0 : Math.max(0, 3 - Math.floor(Math.log10(Math.max(value, 1))));
  return `${sign}${value.toFixed(digits)} ${unit}`;
}

// A moment in seconds since the clock's zero, to the clock's resolution (at most a nanosecond):
// "4.250 001 3 s".
export function moment(counts, index) {
  const digits = Math.min(9, Math.ceil(Math.log10(index.hz)));
  const seconds = (index.start + counts) / index.hz;
  const [whole, fraction] = seconds.toFixed(digits).split('.');
  return `${whole}.${(fraction ?? '0').replace(/(\d{3})(?=\d)/g, '$1\u202f')} s`;
}

export function percent(share) {
  if (share === null || share === undefined || Number.isNaN(share)) return '–';
  if (share > 0 && share < 0.0005) return '<0.1 %';
  return `${(share * 100).toFixed(1)} %`;
}

export function integer(n) {
  if (n === null || n === undefined || Number.isNaN(n)) return '–';
  return String(n).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

// Steps for a ruler: 1, 2 or 5 times a power of ten, at least `least` counts apart.
export function rulerStep(least, hz) {
  const seconds = least / hz;
  const power = 10 ** Math.floor(Math.log10(seconds));
  const factor = [1, 2, 5, 10].find((f) => f * power >= seconds * 0.9999);
  return factor * power * hz;
}

// A ruler's label: as many digits as the step needs, no more.
export function rulerLabel(counts, step, index) {
  const seconds = (index.start + counts) / index.hz;
  const digits = Math.max(0, -Math.floor(Math.log10(step / index.hz) + 1e-9));
  return `${seconds.toFixed(Math.min(digits, 9))} s`;
}

export function hex(n) {
  return '0x' + (n >>> 0).toString(16).padStart(8, '0');
}

// Text from a trace, cut to what a label can carry. It only ever reaches the page as text.
export function clip(text, most = 48) {
  const chars = Array.from(String(text));
  return chars.length <= most ? chars.join('') : chars.slice(0, most - 1).join('') + '…';
}
