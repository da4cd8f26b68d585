import type { Picture } from './png.ts';

/** Whether a point of the unit square (origin top left) is in the shape. */
export type Shape = (x: number, y: number) => boolean;

export const disc =
  (cx: number, cy: number, radius: number): Shape =>
  (x, y) =>
    Math.hypot(x - cx, y - cy) <= radius;

/** A regular hexagon that stands on a point. */
export const hexagon =
  (cx: number, cy: number, radius: number): Shape =>
  (x, y) => {
    const dx = Math.abs(x - cx);
    const dy = Math.abs(y - cy);
    return dx <= (radius * Math.sqrt(3)) / 2 && dy + dx / Math.sqrt(3) <= radius;
  };

/** A square with round corners around the middle of the picture. */
export const tile =
  (half: number, corner: number): Shape =>
  (x, y) => {
    const dx = Math.max(Math.abs(x - 0.5) - half + corner, 0);
    const dy = Math.max(Math.abs(y - 0.5) - half + corner, 0);
    return Math.hypot(dx, dy) <= corner;
  };

/** A line through the points with round ends. */
export const stroke =
  (width: number, ...points: readonly (readonly [number, number])[]): Shape =>
  (x, y) =>
    points.some(([bx, by], index) => {
      const [ax, ay] = points[index - 1] ?? [bx, by];
      const length = (bx - ax) ** 2 + (by - ay) ** 2;
      const along =
        length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length));
      return Math.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay)) <= width / 2;
    });

export const union =
  (...shapes: readonly Shape[]): Shape =>
  (x, y) =>
    shapes.some((shape) => shape(x, y));

export const without =
  (shape: Shape, hole: Shape): Shape =>
  (x, y) =>
    shape(x, y) && !hole(x, y);

export interface Layer {
  readonly shape: Shape;
  /** `#rrggbb` */
  readonly colour: string;
}

const samples = 8;

/** Layers over each other on nothing, edges smoothed. */
export function paint(size: number, layers: readonly Layer[]): Picture {
  const pixels = new Uint8Array(size * size * 4);
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) pixels.set(paintPixel(x, y, size, layers), (y * size + x) * 4);
  }
  return { size, pixels };
}

function paintPixel(x: number, y: number, size: number, layers: readonly Layer[]): readonly number[] {
  const sum = [0, 0, 0, 0];
  for (let sample = 0; sample < samples * samples; sample += 1) {
    const px = (x + ((sample % samples) + 0.5) / samples) / size;
    const py = (y + (Math.floor(sample / samples) + 0.5) / samples) / size;
    const top = layers.findLast(({ shape }) => shape(px, py));
    if (top === undefined) continue;
    [1, 3, 5].forEach((at, channel) => {
      sum[channel] = (sum[channel] ?? 0) + Number.parseInt(top.colour.slice(at, at + 2), 16);
    });
    sum[3] = (sum[3] ?? 0) + 1;
  }
  const hits = sum[3] ?? 0;
  if (hits === 0) return [0, 0, 0, 0];
  const [red = 0, green = 0, blue = 0] = sum;
  return [red / hits, green / hits, blue / hits, (hits * 255) / samples ** 2].map(Math.round);
}
