// Draws the histories of a page with uPlot: each .plot names its source, a list of
// [seconds, value] or [seconds, lowest, mean, highest]. Without this the page says
// lowest, highest and last in words.
"use strict";
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const paint = (name) => {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
};
for (const place of document.querySelectorAll(".plot[data-source]")) {
  fetch(place.dataset.source, { headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
    .then((rows) => {
      if (rows.length < 2) return;
      const banded = rows[0].length === 4;
      const data = rows[0].map((_, i) => rows.map((row) => row[i]));
      const line = paint("--brand");
      const axis = { stroke: paint("--soft"), grid: { stroke: paint("--line"), width: 1 }, ticks: { stroke: paint("--line") }, font: `12px ${css("--sans") || "system-ui, sans-serif"}` };
      const series = banded
        ? [{}, { stroke: line, width: 0.5 }, { label: place.dataset.label, stroke: line, width: 2 }, { stroke: line, width: 0.5 }]
        : [{}, { label: place.dataset.label, stroke: line, width: 2, paths: uPlot.paths.stepped({ align: 1 }) }];
      const size = () => ({ width: place.clientWidth - 2 * parseFloat(getComputedStyle(place).paddingLeft), height: 240 });
      const plot = new uPlot(
        {
          ...size(), series, legend: { show: false }, cursor: { drag: { x: true, y: false } },
          bands: banded ? [{ series: [3, 1], fill: paint("--sunk") }] : [],
          axes: [axis, { ...axis, size: 84, values: (_, ticks) => ticks.map((v) => v + (place.dataset.unit ? " " + place.dataset.unit : "")) }],
        },
        data, place,
      );
      addEventListener("resize", () => plot.setSize(size()));
    })
    .catch(() => {}); // the words stay
}
