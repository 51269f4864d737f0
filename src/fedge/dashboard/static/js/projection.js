// From metres of the area to pixels of the map, with zoom and pan. Pure state, no drawing.
// Neighbour: map.js.

const PADDING = { left: 44, right: 44, top: 46, bottom: 74 };

export class Projection {
  constructor() {
    this.zoom = 1;
    this.panX = 0;
    this.panY = 0;
    this.scale = 1; // px per m
    this.left = 0;
    this.top = 0;
  }

  /** Fits an area (m) into a box (CSS px), then applies zoom and pan. */
  fit(area, width, height) {
    this.width = width;
    this.height = height;
    const inner = { w: width - PADDING.left - PADDING.right, h: height - PADDING.top - PADDING.bottom };
    const base = Math.max(0.001, Math.min(inner.w / area.width_m, inner.h / area.height_m));
    this.scale = base * this.zoom;
    const centreX = PADDING.left + inner.w / 2 + this.panX;
    const centreY = PADDING.top + inner.h / 2 + this.panY;
    this.left = centreX - (area.width_m * this.scale) / 2;
    this.top = centreY - (area.height_m * this.scale) / 2;
  }

  x(x_m) { return this.left + x_m * this.scale; }
  y(y_m) { return this.top + y_m * this.scale; }

  /** Zooms by `factor` around a pixel, between the whole area and 12 times. */
  zoomBy(factor, x = this.width / 2, y = this.height / 2) {
    const next = Math.min(12, Math.max(1, this.zoom * factor));
    const real = next / this.zoom;
    const cx = PADDING.left + (this.width - PADDING.left - PADDING.right) / 2;
    const cy = PADDING.top + (this.height - PADDING.top - PADDING.bottom) / 2;
    this.panX = (x - cx) - ((x - cx) - this.panX) * real;
    this.panY = (y - cy) - ((y - cy) - this.panY) * real;
    this.zoom = next;
    if (next === 1) this.reset();
  }

  panBy(dx, dy) {
    if (this.zoom === 1) return;
    this.panX += dx;
    this.panY += dy;
  }

  reset() {
    this.zoom = 1;
    this.panX = 0;
    this.panY = 0;
  }

  get key() { return `${this.left.toFixed(1)},${this.top.toFixed(1)},${this.scale.toFixed(5)}`; }
}

/** A round length in m that is about `px` pixels long, for the scale bar and the grid. */
export function roundLength(px, scale) {
  const raw = px / scale;
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((n) => n * power).reduce((best, n) => (Math.abs(n - raw) < Math.abs(best - raw) ? n : best));
}
