// SPDX-License-Identifier: MIT
// Colours of the canvas. They are declared in style.css, once for light and once for dark, so
// that the page and the canvas agree; this file turns them into what a canvas fills with. States
// differ in height too, never in colour alone.
import { STYLE, TASK_COLOURS } from './paint.js';

const NAMES = [
  '',
  'unknown',
  'ready',
  'running',
  'blocked',
  'suspended',
  'delayed',
  'boosted',
  'isr',
  'held',
  'contended',
  'span',
  'counter',
  'mark',
  'loss',
  'idle',
];

// Diagonal stripes: what is not known, and what was lost.
function stripes(ctx, colour, ground) {
  const tile = ctx.canvas.ownerDocument.createElement('canvas');
  tile.width = tile.height = 8;
  const t = tile.getContext('2d');
  t.fillStyle = ground;
  t.fillRect(0, 0, 8, 8);
  t.strokeStyle = colour;
  t.lineWidth = 2;
  for (const x of [-4, 4, 12]) {
    t.beginPath();
    t.moveTo(x, 8);
    t.lineTo(x + 8, 0);
    t.stroke();
  }
  return ctx.createPattern(tile, 'repeat');
}

export function readPalette(ctx) {
  const css = getComputedStyle(ctx.canvas.ownerDocument.documentElement);
  const get = (name) => css.getPropertyValue(`--${name}`).trim();
  const fill = NAMES.map((name) => (name ? get(name) : ''));
  const ink = NAMES.map((name) => (name ? get(`${name}-ink`) || get('text') : ''));
  fill[STYLE.unknown] = stripes(ctx, get('unknown'), get('surface'));
  fill[STYLE.loss] = stripes(ctx, get('loss'), get('surface'));
  for (let i = 0; i < TASK_COLOURS; i++) {
    fill[STYLE.task + i] = get(`task-${i}`);
    ink[STYLE.task + i] = get(`task-${i}-ink`);
  }
  const named = {};
  for (const name of [
    'text',
    'muted',
    'surface',
    'ground',
    'line',
    'grid',
    'accent',
    'select',
    'wake',
    'hold-line',
    'flag',
    'row-alt',
  ])
    named[name] = get(name);
  return { fill, ink, ...named, font: css.getPropertyValue('--font').trim() || 'sans-serif' };
}

export function isDark(root) {
  return root.dataset.theme === 'dark';
}

export function setTheme(root, dark) {
  root.dataset.theme = dark ? 'dark' : 'light';
}

export function turnTheme(root) {
  setTheme(root, !isDark(root));
}
