// Colours and shapes. A site has a colour (Okabe–Ito) and a shape, so that no reader needs the colour.
// Neighbours: css/tokens.css holds the colours of both themes; the canvases read them from here.

import { svg } from "./dom.js";

const SHAPES = ["circle", "diamond", "square", "triangle", "hexagon"];
const COLOURS = 7;
const order = [];
const listeners = new Set();
let colours = read();

function read() {
  const style = getComputedStyle(document.documentElement);
  const get = (name) => style.getPropertyValue(`--${name}`).trim();
  const names = ["ground", "card", "raised", "line", "line-strong", "text", "soft", "muted", "accent", "good", "warn",
    "bad", "map-ground", "map-grid", "map-edge", "map-link", "map-cell", "hop-radio", "hop-backhaul", "hop-gateway",
    "hop-server", "bar", "font"];
  const out = Object.fromEntries(names.map((n) => [n.replaceAll("-", "_"), get(n)]));
  out.sites = Array.from({ length: COLOURS }, (_, i) => get(`site-${i + 1}`));
  return out;
}

matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => {
  colours = read();
  for (const listener of listeners) listener();
});

/** The theme's colours by name, dashes as underscores. */
export const theme = () => colours;

/** Calls `listener` when the reader's preference for dark or light changes. */
export const onTheme = (listener) => listeners.add(listener);

/** Gives each site its place in the palette once, in name order at first sight; later sites are appended. */
export function learnSites(names) {
  for (const name of [...names].sort()) if (!order.includes(name)) order.push(name);
}

export const siteIndex = (site) => order.indexOf(site);
export const siteColour = (site) => (order.includes(site) ? colours.sites[order.indexOf(site) % COLOURS] : colours.muted);
export const siteShape = (site) => SHAPES[Math.max(0, order.indexOf(site)) % SHAPES.length];

/** Adds the outline of `shape` around (x, y) to the path of a canvas context. */
export function tracePath(g, shape, x, y, r) {
  if (shape === "circle") {
    g.moveTo(x + r, y);
    g.arc(x, y, r, 0, Math.PI * 2);
    return;
  }
  const points = corners(shape, r);
  points.forEach(([dx, dy], i) => (i ? g.lineTo(x + dx, y + dy) : g.moveTo(x + dx, y + dy)));
  g.closePath();
}

function corners(shape, r) {
  if (shape === "square") return [[-r * 0.88, -r * 0.88], [r * 0.88, -r * 0.88], [r * 0.88, r * 0.88], [-r * 0.88, r * 0.88]];
  if (shape === "diamond") return [[0, -r * 1.22], [r * 1.22, 0], [0, r * 1.22], [-r * 1.22, 0]];
  if (shape === "triangle") return [[0, -r * 1.2], [r * 1.12, r * 0.86], [-r * 1.12, r * 0.86]];
  return Array.from({ length: 6 }, (_, i) => [r * 1.08 * Math.cos((i * Math.PI) / 3), r * 1.08 * Math.sin((i * Math.PI) / 3)]);
}

/** The site's mark as a small SVG, for text; its colour follows the theme through `repaint`. */
export function glyph(site, size = 11) {
  const shape = siteShape(site);
  const r = 5;
  const d = shape === "circle" ? `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0` :
    `M${corners(shape, r).map((p) => p.map((v) => v.toFixed(2)).join(" ")).join("L")}Z`;
  const path = svg("path", { d, fill: siteColour(site) });
  path.dataset.site = site;
  return svg("svg", { class: "glyph", width: size, height: size, viewBox: "-6.5 -6.5 13 13", "aria-hidden": "true" }, path);
}

onTheme(() => {
  for (const path of document.querySelectorAll("svg.glyph path")) path.setAttribute("fill", siteColour(path.dataset.site));
});
