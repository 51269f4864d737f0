// The still part of the map: grid, border of the area, cells by access kind, scale bar. Drawn once per size, zoom, theme.
// Neighbours: map.js keeps the result as an image; palette.js.

import { siteColour, theme } from "./palette.js";
import { roundLength } from "./projection.js";

/** How each access kind is drawn; the dash carries the kind, so the colour need not. */
export const CELL_STYLE = {
  nr: { dash: [], edge: 0.34, fill: 0.055 },
  nsa: { dash: [12, 4], edge: 0.32, fill: 0.04 },
  lte: { dash: [7, 5], edge: 0.3, fill: 0.02 },
  wifi: { dash: [1.5, 3.5], edge: 0.6, fill: 0.09 },
};

export function drawGround(g, p, view, width, height) {
  const c = theme();
  g.clearRect(0, 0, width, height);
  g.fillStyle = c.map_ground;
  g.fillRect(0, 0, width, height);
  grid(g, p, c, width, height);
  cells(g, p, view, c);
  const { width_m, height_m } = view.area;
  g.setLineDash([]);
  g.strokeStyle = c.map_edge;
  g.lineWidth = 1;
  g.strokeRect(Math.round(p.x(0)) + 0.5, Math.round(p.y(0)) + 0.5, Math.round(width_m * p.scale), Math.round(height_m * p.scale));
  scaleBar(g, p, c, width, height);
}

function grid(g, p, c, width, height) {
  const step = roundLength(48, p.scale) * p.scale;
  g.beginPath();
  for (let x = p.left % step; x < width; x += step) {
    g.moveTo(Math.round(x) + 0.5, 0);
    g.lineTo(Math.round(x) + 0.5, height);
  }
  for (let y = p.top % step; y < height; y += step) {
    g.moveTo(0, Math.round(y) + 0.5);
    g.lineTo(width, Math.round(y) + 0.5);
  }
  g.strokeStyle = c.map_grid;
  g.lineWidth = 1;
  g.stroke();
}

function cells(g, p, view, c) {
  const list = Object.values(view.cells).sort((a, b) => b.radius_m - a.radius_m);
  const faint = list.length > 60 ? 0.6 : 1;
  for (const cell of list) {
    const style = CELL_STYLE[cell.kind] ?? CELL_STYLE.lte;
    const r = cell.radius_m * p.scale;
    g.beginPath();
    g.arc(p.x(cell.x_m), p.y(cell.y_m), r, 0, Math.PI * 2);
    g.fillStyle = cell.site ? siteColour(cell.site) : c.map_cell;
    g.globalAlpha = style.fill * faint;
    g.fill();
    g.globalAlpha = style.edge * faint;
    g.setLineDash(style.dash);
    g.strokeStyle = cell.site ? siteColour(cell.site) : c.map_cell;
    g.lineWidth = cell.kind === "wifi" ? 1.4 : 1;
    g.stroke();
  }
  g.setLineDash([]);
  g.strokeStyle = c.map_cell;
  g.lineWidth = 1;
  g.globalAlpha = 0.7;
  g.beginPath();
  for (const cell of list) {
    const x = Math.round(p.x(cell.x_m)) + 0.5;
    const y = Math.round(p.y(cell.y_m)) + 0.5;
    g.moveTo(x - 2.5, y);
    g.lineTo(x + 2.5, y);
    g.moveTo(x, y - 2.5);
    g.lineTo(x, y + 2.5);
  }
  g.stroke();
  g.globalAlpha = 1;
}

function scaleBar(g, p, c, width, height) {
  const length_m = roundLength(90, p.scale);
  const px = length_m * p.scale;
  const x = width - 14 - px;
  const y = height - 90;
  g.strokeStyle = c.soft;
  g.beginPath();
  g.moveTo(x, y - 3);
  g.lineTo(x, y + 0.5);
  g.lineTo(x + px, y + 0.5);
  g.lineTo(x + px, y - 3);
  g.stroke();
  g.fillStyle = c.soft;
  g.font = `11px ${c.font}`;
  g.textAlign = "right";
  g.textBaseline = "bottom";
  g.fillText(length_m >= 1000 ? `${length_m / 1000} km` : `${length_m} m`, x + px, y - 5);
}
