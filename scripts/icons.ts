/** Draws the icons of the tasks (32 x 32) and of the extension (128 x 128): `node --import tsx scripts/icons.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkout } from './bundle/checkout.ts';
import { encodePng } from './drawing/png.ts';
import {
  disc,
  hexagon,
  paint,
  stroke,
  tile,
  union,
  without,
  type Layer,
  type Shape,
} from './drawing/shapes.ts';

const white = '#ffffff';
const ground = tile(0.48, 0.12);

/** A white mark on a coloured tile. */
function mark(colour: string, shape: Shape): readonly Layer[] {
  return [
    { shape: ground, colour },
    { shape, colour: white },
  ];
}

const check = stroke(0.11, [0.3, 0.53], [0.45, 0.67], [0.71, 0.35]);

const icons: Readonly<Record<string, { readonly size: number; readonly layers: readonly Layer[] }>> = {
  // A point found exactly: the digest behind a tag.
  'tasks/resolve-artifact/icon.png': {
    size: 32,
    layers: mark(
      '#0b6e99',
      union(
        without(disc(0.5, 0.5, 0.3), disc(0.5, 0.5, 0.2)),
        disc(0.5, 0.5, 0.09),
        stroke(0.08, [0.5, 0.1], [0.5, 0.22]),
        stroke(0.08, [0.5, 0.78], [0.5, 0.9]),
        stroke(0.08, [0.1, 0.5], [0.22, 0.5]),
        stroke(0.08, [0.78, 0.5], [0.9, 0.5]),
      ),
    ),
  },
  // From one shelf to the next.
  'tasks/promote-image/icon.png': {
    size: 32,
    layers: mark(
      '#6b3fa0',
      union(
        stroke(0.11, [0.5, 0.68], [0.5, 0.22]),
        stroke(0.11, [0.31, 0.4], [0.5, 0.21], [0.69, 0.4]),
        stroke(0.1, [0.24, 0.82], [0.76, 0.82]),
      ),
    ),
  },
  // Into the cluster.
  'tasks/aks-deploy/icon.png': {
    size: 32,
    layers: mark(
      '#1f5fbf',
      union(
        without(hexagon(0.5, 0.5, 0.38), hexagon(0.5, 0.5, 0.27)),
        stroke(0.09, [0.5, 0.36], [0.5, 0.6]),
        stroke(0.09, [0.41, 0.54], [0.5, 0.63], [0.59, 0.54]),
      ),
    ),
  },
  'tasks/acceptance-gate/icon.png': { size: 32, layers: mark('#1d7a46', check) },
  // Three releases on their way, the last one accepted.
  'images/extension-icon.png': {
    size: 128,
    layers: [
      { shape: ground, colour: '#14365d' },
      { shape: stroke(0.035, [0.22, 0.3], [0.5, 0.3], [0.5, 0.6]), colour: '#7fb2e5' },
      { shape: stroke(0.035, [0.78, 0.3], [0.5, 0.3]), colour: '#7fb2e5' },
      { shape: hexagon(0.22, 0.3, 0.1), colour: '#7fb2e5' },
      { shape: hexagon(0.5, 0.3, 0.1), colour: '#7fb2e5' },
      { shape: hexagon(0.78, 0.3, 0.1), colour: '#7fb2e5' },
      { shape: hexagon(0.5, 0.64, 0.24), colour: '#35b56a' },
      { shape: stroke(0.055, [0.41, 0.65], [0.48, 0.72], [0.61, 0.57]), colour: white },
    ],
  },
};

for (const [path, { size, layers }] of Object.entries(icons)) {
  mkdirSync(dirname(join(checkout, path)), { recursive: true });
  writeFileSync(join(checkout, path), encodePng(paint(size, layers)));
  console.log(path);
}
