// SPDX-License-Identifier: MIT
// The page's elements. Text of a trace is hostile: it enters the document through text nodes and
// attributes only, and this file is the one place that creates elements. No markup is ever parsed
// from a string.

// h('button', {class: 'x', title: 't', onclick: f, data: {k: 'v'}}, child, ...): strings become
// text nodes.
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) setProp(element, name, value);
  element.append(
    ...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false),
  );
  return element;
}

function setProp(element, name, value) {
  if (value === null || value === undefined) return;
  if (name.startsWith('aria-')) element.setAttribute(name, String(value));
  else if (value === false) return;
  else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
  else if (name === 'data') Object.assign(element.dataset, value);
  else element.setAttribute(name, value === true ? '' : value);
}

export function byId(id) {
  return document.getElementById(id);
}

export function replace(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter(Boolean));
}

// Says something to a screen reader without moving the focus.
export function announce(text) {
  byId('live').textContent = text;
}
