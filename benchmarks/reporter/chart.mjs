import * as vega from 'vega';
import { compile } from 'vega-lite';
import { comparisonsOf } from './comparisons.mjs';
import { portNames } from './port-names.mjs';

/** Draws a report's ratios and quartiles as SVG: a line for each side, a colour for each version of Node.js. */
export async function chart(report) {
  const view = new vega.View(vega.parse(compile(specification(report)).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}

function valuesOf(report) {
  return comparisonsOf(report).flatMap(({ title, baseline, lines }) =>
    lines.flatMap(({ name, cells }) =>
      Object.entries(cells)
        .filter(([, { ratio }]) => ratio)
        .map(([major, { ratio }]) => ({
          what: `${title}: ${name}`,
          baseline,
          node: `Node ${major}`,
          ...ratio,
        })),
    ),
  );
}

function specification(report) {
  const y = {
    field: 'what',
    type: 'nominal',
    sort: null,
    title: null,
    axis: { labelLimit: 1000, grid: true, gridColor: '#eee', ticks: false, labelPadding: 8 },
  };
  const x = {
    type: 'quantitative',
    scale: { type: 'log', nice: false },
    title: 'ratio to the baseline',
  };
  const color = { field: 'node', type: 'nominal', title: null, legend: { orient: 'top' } };
  const yOffset = { field: 'node', type: 'nominal' };
  return {
    title: {
      text: `${portNames[report.port]}, impersonate ${report.version}`,
      anchor: 'start',
      fontSize: 14,
    },
    data: { values: valuesOf(report) },
    width: 520,
    height: { step: 18, for: 'position' },
    background: 'white',
    padding: 12,
    layer: [
      { mark: { type: 'rule', color: '#888', strokeDash: [3, 3] }, encoding: { x: { datum: 1, ...x } } },
      {
        mark: { type: 'rule', strokeWidth: 2 },
        encoding: { y, yOffset, color, x: { ...x, field: 'low' }, x2: { field: 'high' } },
      },
      {
        mark: { type: 'point', filled: true, size: 22, opacity: 1 },
        encoding: { y, yOffset, color, x: { ...x, field: 'median' } },
      },
    ],
    config: { font: 'sans-serif', view: { stroke: null }, axis: { labelFontSize: 11, domain: false } },
  };
}
