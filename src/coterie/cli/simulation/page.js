// Tells what is under the pointer, and zooms all charts over time together. The page is whole
// without it.
"use strict";
(() => {
  const LEFT = 168, ABOVE = 8, PLOT = 936, MOST_LABELS = 500, SHORTEST = 1e-4;
  const data = JSON.parse(document.getElementById("data").textContent);
  const charts = [...document.querySelectorAll("svg.time")];
  const tip = document.getElementById("tip"), lit = document.getElementById("lit");
  let view = [0, 1], pinned = null;

  // -- words ------------------------------------------------------------------------------------

  const trim = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  function duration(s, digits = 2) {
    if (s === null) return "the end";
    if (s < 0.9995) return s ? `${trim((s * 1000).toFixed(s < 0.1 ? 1 : 0))}ms` : "0s";
    if (s < 60) return `${trim(s.toFixed(digits))}s`;
    let rest = s < 3600 ? Math.round(s * 10) / 10 : Math.round(s), said = "";
    for (const [unit, length] of [["d", 86400], ["h", 3600], ["m", 60]]) {
      const count = Math.floor(rest / length + 1e-9);
      if (count) said += `${count}${unit}`;
      rest -= count * length;
    }
    return rest > 0.05 ? `${said}${trim(rest.toFixed(1))}s` : said;
  }
  function size(bytes) {
    let place = 0;
    while (bytes >= 1024 && place < 5) { bytes /= 1024; place += 1; }
    return `${trim(bytes.toFixed(place ? 2 : 0))}${["B", "KiB", "MiB", "GiB", "TiB", "PiB"][place]}`;
  }
  const number = (value) => value.toLocaleString("en", { maximumFractionDigits: 2 });
  function cut(name, letters) {
    if (name.length <= letters) return name;
    const end = Math.floor((letters - 1) / 2);
    return `${name.slice(0, letters - 1 - end)}…${name.slice(name.length - end)}`;
  }
  const expert = (rank) => (rank < 0 ? "other experts" : data.experts[rank]);

  // -- time -------------------------------------------------------------------------------------

  const STEPS = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10,
    15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];
  const secondsAt = (part) => (view[0] + part * (view[1] - view[0])) * data.end;
  const xOf = (seconds) => ((seconds / data.end - view[0]) / (view[1] - view[0])) * PLOT;
  const within = (x) => Math.min(PLOT, Math.max(0, x));

  function element(name, attributes, parent, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  }

  function show(from, to) {
    if (!(data.end > 0)) return;
    const length = Math.min(1, Math.max(SHORTEST, to - from));
    const begin = Math.min(1 - length, Math.max(0, from));
    view = [begin, begin + length];
    for (const svg of charts) draw(svg);
    // Hatches keep their width, however far they are stretched.
    for (const id of ["loading", "leaving"]) {
      const turn = id === "loading" ? 45 : -45;
      document.getElementById(id).setAttribute(
        "patternTransform", `scale(${view[1] - view[0]} 1) rotate(${turn})`);
    }
    for (const button of document.querySelectorAll("[data-zoom]")) {
      const whole = view[1] - view[0] > 0.9999;
      button.disabled = button.dataset.zoom !== "in" && whole;
    }
  }

  function draw(svg) {
    const plot = svg.querySelector(".plot"), height = plot.viewBox.baseVal.height;
    const axis = svg.querySelector(".axis"), over = svg.querySelector(".over");
    plot.setAttribute("viewBox", `${view[0] * PLOT} 0 ${(view[1] - view[0]) * PLOT} ${height}`);
    axis.replaceChildren();
    over.replaceChildren();
    const from = secondsAt(0), to = secondsAt(1);
    const step = STEPS.find((one) => (to - from) / one <= 9) || (to - from) / 9;
    let lines = "";
    for (let place = Math.ceil(from / step - 1e-9); place * step <= to + 1e-9; place += 1) {
      const x = LEFT + xOf(place * step);
      lines += `M${x} ${ABOVE}v${height}`;
      element("text", { x, y: ABOVE + height + 17 }, axis, duration(place * step, 4));
    }
    element("path", { d: lines }, axis);
    if (data.maps[svg.id]) label(data.maps[svg.id], over);
  }

  // -- names in the map -------------------------------------------------------------------------

  function label(map, over) {
    let left = MOST_LABELS;
    for (const lane of map.lanes) {
      for (const [rank, x, width, top, bottom] of lane.stays ? bodies(lane, map.end) : bands(lane)) {
        const letters = Math.floor((width - 8) / 6.6), name = expert(rank);
        if (bottom - top < 11 || letters < Math.min(5, name.length) || left <= 0) continue;
        left -= 1;
        element("text", {
          class: `label n${rank}`, x: x + 4, y: lane.top + (top + bottom) / 2 + 4,
          style: `fill:${rank < 0 ? "#000" : data.inks[rank]}`,
        }, over, cut(name, letters));
      }
    }
  }

  function* bodies(lane, end) {
    for (const stay of lane.stays) {
      const hot = stay[3] !== null && (stay[4] === null || stay[3] < stay[4]);
      const x = within(xOf(stay[hot ? 3 : 2])), to = within(xOf(stay[5] === null ? end : stay[5]));
      let best = 9;
      for (let at = 9; at < stay.length; at += 2) {
        if (stay[at] - stay[at + 1] > stay[best] - stay[best + 1]) best = at;
      }
      if (to - x > 26 && stay.length > 9) yield [stay[0], x, to - x, stay[best + 1], stay[best]];
    }
  }

  // A name is written where its band is wide enough for as long as the name is.
  function* bands(lane) {
    const edges = lane.areas.map(() => []), bins = lane.loads.length;
    for (let bin = 0; bin < bins; bin += 1) {
      let floor = 0;
      lane.areas.forEach((area, place) => {
        const top = floor + area[bin + 1];
        edges[place].push([lane.height * (1 - floor / 1000), lane.height * (1 - top / 1000)]);
        floor = top;
      });
    }
    for (const [place, [rank]] of lane.areas.entries()) {
      const width = Math.min(160, 7 * expert(rank).length + 10);
      for (const x of [12, 200, 400, 600]) {
        const from = Math.floor(secondsAt(x / PLOT) / lane.step);
        const to = Math.min(bins, Math.floor(secondsAt((x + width) / PLOT) / lane.step) + 1);
        const seen = edges[place].slice(from, to);
        const bottom = Math.min(...seen.map((one) => one[0])), top = Math.max(...seen.map((one) => one[1]));
        if (seen.length && bottom - top >= 11) { yield [rank, x, width, top, bottom]; break; }
      }
    }
  }

  // -- what is under the pointer ------------------------------------------------------------------

  function told(title, lines, event) {
    tip.replaceChildren();
    const strong = document.createElement("strong");
    strong.textContent = title;
    tip.append(strong);
    for (const line of lines.filter(Boolean)) {
      const span = document.createElement("span");
      span.textContent = line;
      tip.append(span);
    }
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const x = event.clientX + 16, y = event.clientY + 16;
    tip.style.left = `${x + box.width > innerWidth ? Math.max(4, x - box.width - 32) : x}px`;
    tip.style.top = `${y + box.height > innerHeight ? Math.max(4, y - box.height - 32) : y}px`;
  }

  function light(rank) {
    lit.textContent = rank === null ? ""
      : `.stays path:not(.${rank < 0 ? "xo" : `x${rank}`}){opacity:.22} .label:not(.n${rank}){opacity:.3}`;
  }

  function overMap(map, t, y, event, over) {
    const lane = map.lanes.find((one) => y >= one.top && y <= one.top + one.height + 8);
    if (!lane) return false;
    const at = y - lane.top, bytes = (1 - at / lane.height) * lane.scale;
    const near = (data.end * (view[1] - view[0]) * 4) / PLOT;
    const faults = map.faults.filter(([from, to]) => t >= from - near && t <= Math.max(to ?? 0, from + near))
      .filter(([, , , , lanes]) => lanes.includes(map.lanes.indexOf(lane)))
      .map(([from, to, kind, what]) => `fault: ${kind} of ${what}, ${duration(from)}`
        + (to === null || to > from ? ` to ${duration(to)}` : ""));
    if (lane.stays) {
      const stay = lane.stays.find((one) => t >= one[2] && (one[5] === null || t < one[5]) && holds(one, at));
      if (!stay) {
        told(lane.device, ["free memory", duration(t), ...faults], event);
        return true;
      }
      const [rank, taken, from, hot, leaves, gone, requests, reason, ending] = stay;
      for (let place = 9; place < stay.length; place += 2) {
        const x = within(xOf(from));
        element("rect", {
          class: "outline", x, y: lane.top + stay[place + 1],
          width: Math.max(1, within(xOf(gone === null ? map.end : gone)) - x),
          height: Math.max(1, stay[place] - stay[place + 1]),
        }, over);
      }
      const ready = hot !== null && (leaves === null || hot <= leaves);
      told(expert(rank), [
        `${size(taken)} on ${lane.device}`,
        `loads ${duration(from)} to ${duration(ready ? hot : leaves ?? gone)}`
          + (ready ? ` (${duration(hot - from)})` : ", and never answers"),
        ready && `answers ${duration(hot)} to ${duration(leaves)}`,
        gone !== null && leaves !== null && gone > leaves && `leaves by ${duration(gone)}`,
        `${number(requests)} requests`,
        reason && `loaded: ${reason}`,
        ending && `left: ${ending}`,
        ...faults,
      ], event);
      if (pinned === null) light(rank);
      return true;
    }
    const bin = Math.floor(t / lane.step);
    let floor = 0, found = null;
    for (const area of lane.areas) {
      floor += area[bin + 1] || 0;
      if (at >= 0 && bytes <= (floor / 1000) * lane.scale && !found) found = area;
    }
    const when = `${duration(bin * lane.step)} to ${duration((bin + 1) * lane.step)}`;
    const loads = `${number(lane.loads[bin] || 0)} loads here meanwhile`;
    if (found && at <= lane.height) {
      const mean = size(((found[bin + 1] || 0) / 1000) * lane.scale);
      told(found[0] < 0 ? `${lane.others} other experts` : expert(found[0]),
        [`${mean} of ${lane.device}, the mean`, when, loads, ...faults], event);
      if (pinned === null) light(found[0]);
    } else {
      told(lane.device, [when, loads, ...faults], event);
    }
    return true;
  }

  function holds(stay, at) {
    for (let place = 9; place < stay.length; place += 2) {
      if (at <= stay[place] && at >= stay[place + 1]) return true;
    }
    return false;
  }

  function overSeries(series, t, event) {
    const bin = Math.floor(t / series.step);
    const lines = series.names.map((name, place) => {
      const value = series.values[place][bin], peak = series.peaks[place][bin];
      return `${name}: ${number(value ?? 0)}${series.words[0]}, ${number(peak ?? 0)}${series.words[1]}`;
    });
    told(`${duration(bin * series.step)} to ${duration((bin + 1) * series.step)}`, lines, event);
    return true;
  }

  function overFleet(fleet, t, y, event) {
    const row = Math.floor(y / fleet.row), bin = Math.floor(t / fleet.step);
    if (!fleet.names[row]) return false;
    told(fleet.names[row], [`${number(fleet.loads[row][bin] || 0)} loads`,
      `${duration(bin * fleet.step)} to ${duration((bin + 1) * fleet.step)}`], event);
    return true;
  }

  function place(svg, event) {
    const point = new DOMPoint(event.clientX, event.clientY);
    return point.matrixTransform(svg.getScreenCTM().inverse());
  }

  function quiet() {
    tip.hidden = true;
    if (pinned === null) light(null);
    for (const old of document.querySelectorAll(".cursor, .outline, .dot")) old.remove();
  }

  for (const svg of charts) {
    const over = svg.querySelector(".over"), plot = svg.querySelector(".plot");
    let from = null, brush = null;
    svg.addEventListener("pointermove", (event) => {
      quiet();
      const at = place(svg, event), part = (at.x - LEFT) / PLOT, y = at.y - ABOVE;
      const height = plot.viewBox.baseVal.height;
      if (brush) {
        const x = within(part * PLOT);
        brush.setAttribute("x", Math.min(x, from));
        brush.setAttribute("width", Math.abs(x - from));
      }
      if (part < 0 || part > 1 || y < 0 || y > height) return;
      for (const other of charts) {
        const length = other.querySelector(".plot").viewBox.baseVal.height;
        element("path", { class: "cursor", d: `M${part * PLOT} 0v${length}` }, other.querySelector(".over"));
      }
      const t = secondsAt(part);
      const map = data.maps[svg.id], series = data.series[svg.id], fleet = data.fleets[svg.id];
      if (map) overMap(map, t, y, event, over);
      else if (series) overSeries(series, t, event);
      else if (fleet) overFleet(fleet, t, y, event);
    });
    svg.addEventListener("pointerleave", quiet);
    svg.addEventListener("pointerdown", (event) => {
      const x = place(svg, event).x - LEFT;
      if (event.pointerType !== "mouse" || event.button || x < 0 || x > PLOT) return;
      from = x;
      brush = element("rect", { class: "brush", x, y: 0, width: 0, height: plot.viewBox.baseVal.height }, over);
      svg.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    const done = (event) => {
      if (!brush) return;
      const to = within(place(svg, event).x - LEFT);
      brush.remove();
      brush = null;
      if (Math.abs(to - from) > 4) {
        const length = view[1] - view[0];
        show(view[0] + (Math.min(from, to) / PLOT) * length, view[0] + (Math.max(from, to) / PLOT) * length);
      }
    };
    svg.addEventListener("pointerup", done);
    svg.addEventListener("pointercancel", done);
    svg.addEventListener("dblclick", () => show(0, 1));
  }

  // -- distributions ------------------------------------------------------------------------------

  for (const svg of document.querySelectorAll("svg.spread")) {
    const { names, points, axis, box } = data.spreads[svg.id], over = svg.querySelector(".over");
    const [left, top, width, height] = box, reach = Math.log(axis[1] / axis[0]);
    svg.addEventListener("pointermove", (event) => {
      quiet();
      const part = (place(svg, event).x - left) / width;
      if (part < 0 || part > 1) return;
      const seconds = axis[0] * Math.exp(part * reach), x = left + part * width;
      element("path", { class: "cursor", d: `M${x} ${top}v${height}` }, over);
      const lines = names.map((name, line) => {
        const below = points[line].filter(([at]) => at <= seconds).pop();
        const share = below ? below[1] : 0;
        element("circle", { class: `dot v${line}`, cx: x, cy: top + height * (1 - share), r: 3.5 }, over);
        return `${name}: ${number(share * 100)} %`;
      });
      told(`within ${duration(seconds)}`, lines, event);
    });
    svg.addEventListener("pointerleave", quiet);
  }

  // -- controls -----------------------------------------------------------------------------------

  for (const button of document.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => {
      const length = view[1] - view[0], middle = (view[0] + view[1]) / 2;
      const step = { in: [0, 0.5], out: [0, 2], back: [-0.5, 1], on: [0.5, 1], all: [0, Infinity] };
      const [shift, scale] = step[button.dataset.zoom], wide = Math.min(1, length * scale);
      show(middle + shift * length - wide / 2, middle + shift * length + wide / 2);
    });
  }
  for (const button of document.querySelectorAll("[data-expert]")) {
    const rank = Number(button.dataset.expert);
    const over = () => pinned === null && light(rank), out = () => pinned === null && light(null);
    button.addEventListener("pointerenter", over);
    button.addEventListener("pointerleave", out);
    button.addEventListener("click", () => {
      pinned = pinned === rank ? null : rank;
      light(pinned);
      for (const other of document.querySelectorAll("[data-expert]")) {
        other.setAttribute("aria-pressed", String(Number(other.dataset.expert) === pinned));
      }
    });
  }
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") { quiet(); show(0, 1); }
  });
  addEventListener("scroll", quiet, { passive: true });
  document.body.classList.add("scripted");
  show(0, 1);
})();
