// Power over the last ten minutes.

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { grouped } from "./form";
import { CHART_MS, type Point } from "./watch";

const HEIGHT = 160;
const MINUTE_S = 60;

export function PowerChart({ history }: { readonly history: readonly Point[] }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(history);
  latest.current = history;
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(element), dataOf(latest.current), element);
    };
    draw();
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    return () => {
      dark.removeEventListener("change", draw);
      resized.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, []);
  useEffect(() => plot.current?.setData(dataOf(history)), [history]);
  return <div class="chart" ref={box} role="img" aria-label={labelOf(history)} />;
}

function optionsOf(element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const axis = {
    stroke: color("--soft"),
    grid: { stroke: color("--line"), width: 1 },
    ticks: { stroke: color("--line"), width: 1 },
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, range: [-CHART_MS / 1000, 0] }, y: { range: (_, __, most) => [0, roundUp(most)] } },
    axes: [
      { ...axis, incrs: [2 * MINUTE_S], values: (_, splits) => splits.map(agoOf) },
      { ...axis, size: 64, values: (_, splits) => splits.map((watts) => `${grouped(watts)} W`) },
    ],
    series: [{}, { stroke: color("--accent"), fill: color("--tint"), width: 2, points: { show: false } }],
  };
}

function agoOf(seconds: number): string {
  return seconds === 0 ? "now" : `${-seconds / MINUTE_S} min`;
}

/** A little above what flows most, so that the line does not lie on the edge. */
function roundUp(watts: number | null): number {
  return Math.max(10, (watts ?? 0) * 1.15);
}

/** Seconds before the last point, and W. */
function dataOf(history: readonly Point[]): uPlot.AlignedData {
  const last = history[history.length - 1]?.at ?? 0;
  return [history.map(({ at }) => (at - last) / 1000), history.map(({ powerW }) => powerW)];
}

function labelOf(history: readonly Point[]): string {
  const watts = history.flatMap(({ powerW }) => (powerW === null ? [] : [powerW]));
  if (watts.length === 0) return "Power over the last ten minutes: nothing was measured yet";
  return `Power over the last ten minutes: ${Math.round(Math.min(...watts))} to ${Math.round(Math.max(...watts))} W`;
}
