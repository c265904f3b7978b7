import { init, type EChartsCoreOption, type EChartsType } from 'echarts/core';
import { onBeforeUnmount, onMounted, watch, type ShallowRef, type WatchSource } from 'vue';

/** What the charts look alike by. Colours of text keep their contrast on a card. */
const INK = '#4b5361';
const QUIET = '#626b7a';
const LINE = '#d3d7de';
const SPLIT = '#e6e8ec';

/** The frame of a chart with a legend above it. */
export const frame = (room: { top?: number; right?: number; left?: number } = {}) => ({
  textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
  grid: { top: 40, right: 16, bottom: 8, left: 8, containLabel: true, ...room },
  legend: { top: 0, right: 0, itemWidth: 12, itemHeight: 12, textStyle: { color: INK } },
  // Rich text draws the tooltip on the canvas; HTML would bring style attributes that the page forbids.
  tooltip: { trigger: 'axis' as const, renderMode: 'richText' as const },
});

/** An axis of names. */
export const names = (data: string[]) => ({
  type: 'category' as const,
  data,
  axisTick: { show: false },
  axisLine: { lineStyle: { color: LINE } },
  axisLabel: { color: QUIET },
});

/** An axis of counts; without lines where another axis has them. */
export const counts = ({ lines = true } = {}) => ({
  type: 'value' as const,
  minInterval: 1,
  splitLine: lines ? { lineStyle: { color: SPLIT } } : { show: false },
  axisLabel: { color: QUIET },
});

/** An axis of percents up to a hundred, cut off below where nothing is, since what matters lies close to a hundred. */
export const percents = (values: number[]) => ({
  type: 'value' as const,
  max: 100,
  min: Math.max(0, Math.floor(Math.min(100, ...values) / 10) * 10 - 10),
  splitLine: { lineStyle: { color: SPLIT } },
  axisLabel: { color: QUIET, formatter: '{value}%' },
});

/**
 * The life of a chart in its `holder`: drawn when it is there, again when something it `shows` changes, as wide as
 * its place, and gone with it. It grows once; figures that are fetched again just change. `pressed` is told the place of what is
 * pressed in its data.
 */
export function useChart(holder: Readonly<ShallowRef<HTMLElement | null>>, option: () => EChartsCoreOption, shows: WatchSource[], pressed?: (place: number) => void): void {
  let chart: EChartsType | undefined;
  let observer: ResizeObserver | undefined;

  function draw() {
    if (!holder.value) return;
    const drawing = { animation: !chart, ...option() };
    if (!chart) {
      chart = init(holder.value);
      chart.on('click', ({ dataIndex }) => pressed?.(dataIndex));
    }
    chart.resize();
    chart.setOption(drawing, { notMerge: true });
  }

  onMounted(() => {
    draw();
    observer = new ResizeObserver(() => chart?.resize());
    if (holder.value) observer.observe(holder.value);
  });
  watch(shows, draw, { flush: 'post' });
  onBeforeUnmount(() => {
    observer?.disconnect();
    chart?.dispose();
  });
}
