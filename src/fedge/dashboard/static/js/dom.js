// Builds DOM without markup strings, so that nothing from the platform is ever parsed as HTML.
// Neighbours: every module that shows text. Safe under default-src 'self': styles are set through the CSSOM only.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `h("a", {class: "x", href: "#/", onclick: fn, data_testid: "y"}, "text", child)`. */
export function h(tag, props = {}, ...children) {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) el.addEventListener(key.slice(2), value);
    else el.setAttribute(key.replaceAll("_", "-"), value === true ? "" : String(value));
  }
  el.append(...children.flat().filter((c) => c !== null && c !== undefined));
  return el;
}

/** An SVG element with presentation attributes (allowed by the policy, unlike style attributes). */
export function svg(tag, attributes, ...children) {
  const el = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) el.setAttribute(key, String(value));
  el.append(...children);
  return el;
}

/** Sets text only when it differs: no needless layout, no lost selection. */
export function setText(el, text) {
  if (el.textContent !== text) el.textContent = text;
}

/** Replaces the children only when `signature` changed since the last call on this element. */
const signatures = new WeakMap();
export function fill(el, signature, build) {
  if (signatures.get(el) === signature) return false;
  signatures.set(el, signature);
  el.replaceChildren(...build().flat().filter((c) => c !== null && c !== undefined));
  return true;
}

/** Keeps one child per key, in order; `create(item)` makes it, `update(el, item)` refreshes it. Focus survives. */
export function keyed(parent, items, keyOf, create, update) {
  const known = parent.fedgeKeyed ?? (parent.fedgeKeyed = new Map());
  const wanted = new Set();
  let previous = null;
  for (const item of items) {
    const key = keyOf(item);
    wanted.add(key);
    let el = known.get(key);
    if (!el) known.set(key, (el = create(item)));
    update(el, item);
    const place = previous ? previous.nextSibling : parent.firstChild;
    if (el !== place) parent.insertBefore(el, place);
    previous = el;
  }
  for (const [key, el] of known) {
    if (!wanted.has(key)) {
      el.remove();
      known.delete(key);
    }
  }
}

/** Sizes a canvas to its CSS box in device pixels; returns its context scaled to CSS pixels, or null when hidden. */
export function context2d(canvas) {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (width === 0 || height === 0) return null;
  const ratio = window.devicePixelRatio || 1;
  const w = Math.round(width * ratio);
  const hgt = Math.round(height * ratio);
  if (canvas.width !== w || canvas.height !== hgt) {
    canvas.width = w;
    canvas.height = hgt;
  }
  const g = canvas.getContext("2d");
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { g, width, height, ratio };
}
