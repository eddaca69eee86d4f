"use strict";
/* play.js - the page around the module: sliders, three pictures, numbers. Computes nothing itself. */

/* ---- the module ---- */

function start() {
  const bytes = Uint8Array.from(atob(WASM), c => c.charCodeAt(0));
  const module = new WebAssembly.Module(bytes), imports = {};
  for (const i of WebAssembly.Module.imports(module)) {
    /* no files and no clock here: every request to the system fails */
    (imports[i.module] ??= {})[i.name] = () => 52;
  }
  const e = new WebAssembly.Instance(module, imports).exports;
  if (e._initialize) e._initialize();
  if (!e.play_start()) throw new Error("no memory");
  return e;
}
const lib = start();
const doubles = (at, n) => new Float64Array(lib.memory.buffer, at, n);
const bytes = (at, n) => new Uint8Array(lib.memory.buffer, at, n);
function text(at) {
  const all = new Uint8Array(lib.memory.buffer);
  let s = "";
  while (all[at]) s += String.fromCharCode(all[at++]);
  return s;
}

/* ---- numbers with units ---- */

const prefixes = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "\u00b5"], [1e-9, "n"],
                  [1e-12, "p"], [1e-15, "f"]];
function quantity(x, unit, digits = 3) {
  if (!isFinite(x)) return "\u2014";
  if (x === 0) return "0 " + unit;
  const [scale, prefix] = prefixes.find(p => Math.abs(x) >= 0.9995 * p[0]) ?? prefixes.at(-1);
  return plain(Number((x / scale).toPrecision(digits))) + " " + prefix + unit;
}
const plain = x => String(x).replace("-", "\u2212");
const percent = (x, digits = 1) => plain((100 * x).toFixed(digits)) + " %";

/* ---- controls ---- */

/* spec: {key, label, min, max, step?, start, log?, show(value), note?} or {key, label, check: true, start} */
class Controls {
  constructor(form, specs, changed) {
    this.value = {};
    this.inputs = {};
    for (const s of specs) {
      const label = document.createElement("label"), input = document.createElement("input");
      input.id = form.id + "-" + s.key;
      if (s.check) {
        label.className = "check";
        input.type = "checkbox";
        input.checked = s.start;
        label.append(input, s.label);
      } else {
        const out = document.createElement("output");
        input.type = "range";
        input.min = s.log ? 0 : s.min;
        input.max = s.log ? 1000 : s.max;
        input.step = s.log ? 1 : s.step ?? "any";
        input.value = s.log ? 1000 * Math.log(s.start / s.min) / Math.log(s.max / s.min) : s.start;
        out.htmlFor = input.id;
        const name = document.createElement("span");
        name.textContent = s.label;
        label.append(name, out, input);
        input.out = out;
      }
      if (s.note) {
        const small = document.createElement("small");
        small.textContent = s.note;
        label.append(small);
      }
      form.append(label);
      input.addEventListener("input", () => { this.read(s, input); changed(s.key); });
      this.inputs[s.key] = { input, s };
      this.read(s, input);
    }
    form.addEventListener("submit", e => e.preventDefault());
  }
  read(s, input) {
    if (s.check) {
      this.value[s.key] = input.checked;
      return;
    }
    const x = Number(input.value);
    /* logarithmic sliders give three digits, as shown */
    const v = s.log ? Number((s.min * Math.pow(s.max / s.min, x / 1000)).toPrecision(3)) : x;
    this.value[s.key] = v;
    input.out.textContent = s.show(v);
    input.setAttribute("aria-valuetext", s.show(v));
  }
}

function numbers(id, rows) {
  const dl = document.getElementById(id);
  if (dl.childElementCount !== rows.length) {
    dl.replaceChildren(...rows.map(() => {
      const div = document.createElement("div");
      div.append(document.createElement("dt"), document.createElement("dd"));
      return div;
    }));
  }
  rows.forEach(([name, value], k) => {
    const [dt, dd] = dl.children[k].children;
    if (dt.textContent !== name) dt.textContent = name;
    if (dd.textContent !== value) dd.textContent = value;
  });
}

/* ---- drawing ---- */

function colours() {
  const css = getComputedStyle(document.documentElement), get = n => css.getPropertyValue(n).trim();
  return { ink: get("--ink"), soft: get("--soft"), line: get("--line"), paper: get("--paper"),
           tint: get("--tint"), blue: get("--blue"), red: get("--red"), heat: get("--heat") };
}
let ink = colours();

/* Canvas in CSS pixels, sharp on any screen. */
function canvas(id) {
  const c = document.getElementById(id), ratio = window.devicePixelRatio || 1, box = c.getBoundingClientRect();
  const w = Math.round(box.width * ratio), h = Math.round(box.height * ratio);
  if (c.width !== w || c.height !== h) { c.width = w; c.height = h; }
  const g = c.getContext("2d");
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, box.width, box.height);
  g.font = "12px system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',sans-serif";
  return { g, w: box.width, h: box.height, element: c };
}

/* Round steps, about n of them. */
function ticks(lo, hi, n) {
  const raw = (hi - lo) / n, p = Math.pow(10, Math.floor(Math.log10(raw)));
  const step = p * [1, 2, 5, 10].find(m => m * p >= raw);
  const out = [];
  for (let k = Math.ceil(lo / step - 1e-9); k * step <= hi + 1e-9 * step; k++) out.push(Number((k * step).toPrecision(12)));
  return out;
}

/* Axes in a box; gives the mapping from numbers to pixels. */
function axes(c, x, y) {
  const { g } = c, left = 52, right = 10, top = 12, bottom = 40;
  const px = v => left + (v - x.lo) / (x.hi - x.lo) * (c.w - left - right);
  const py = v => c.h - bottom - (v - y.lo) / (y.hi - y.lo) * (c.h - top - bottom);
  g.lineWidth = 1;
  g.strokeStyle = ink.line;
  g.fillStyle = ink.soft;
  g.textAlign = "center";
  g.textBaseline = "top";
  for (const t of ticks(x.lo, x.hi, Math.max(3, Math.floor(c.w / 90)))) {
    g.beginPath();
    g.moveTo(px(t), py(y.lo));
    g.lineTo(px(t), py(y.hi));
    g.stroke();
    g.fillText(plain(x.text ? x.text(t) : t), px(t), c.h - bottom + 6);
  }
  g.textAlign = "right";
  g.textBaseline = "middle";
  for (const t of ticks(y.lo, y.hi, Math.max(3, Math.floor(c.h / 60)))) {
    g.beginPath();
    g.moveTo(px(x.lo), py(t));
    g.lineTo(px(x.hi), py(t));
    g.stroke();
    g.fillText(plain(y.text ? y.text(t) : t), left - 6, py(t));
  }
  g.textAlign = "center";
  g.textBaseline = "bottom";
  g.fillText(x.label, (left + c.w - right) / 2, c.h - 2);
  g.save();
  g.translate(12, (top + c.h - bottom) / 2);
  g.rotate(-Math.PI / 2);
  g.textBaseline = "middle";
  g.fillText(y.label, 0, 0);
  g.restore();
  return { px, py };
}

function line(g, n, x, y, colour, width = 2, dash = []) {
  g.beginPath();
  for (let k = 0; k < n; k++) g[k ? "lineTo" : "moveTo"](x(k), y(k));
  g.strokeStyle = colour;
  g.lineWidth = width;
  g.setLineDash(dash);
  g.lineJoin = "round";
  g.stroke();
  g.setLineDash([]);
}

function dot(g, x, y, r, colour) {
  g.beginPath();
  g.arc(x, y, r, 0, 2 * Math.PI);
  g.fillStyle = colour;
  g.fill();
}

/* ---- the neuron ---- */

const neuronControls = new Controls(document.getElementById("neuron-controls"), [
  { key: "bias", label: "bias of the heater", min: 0.5 * START.bias, max: 1.3 * START.bias, step: START.bias / 1000, start: START.bias,
    show: v => quantity(v, "V") },
  { key: "base", label: "base temperature", min: 300, max: 340, step: 0.5, start: START.base, show: v => v.toFixed(1) + " K" },
  { key: "load", label: "load of the film", min: 1, max: 2000, start: START.load, log: true, show: v => quantity(v, "\u03a9") },
  { key: "sweep", label: "a sweep without reset takes", min: 20e-9, max: 100e-6, start: 2e-6, log: true, show: v => quantity(v, "s") },
  { key: "reset", label: "reset before every point", check: true, start: false,
    note: "cools the film to the base, so that it forgets" },
], key => { neuronPanel.dirty = true; if (key !== "reset") neuronPanel.stale = true; });

const neuronPanel = {
  dirty: true, stale: true, phase: 0,
  update() {
    if (this.stale) {
      const v = neuronControls.value;
      this.ok = lib.play_neuron(v.bias, v.base, v.load, v.sweep);
      this.stale = false;
    }
    if (!this.ok) { numbers("neuron-numbers", [["no result", text(lib.play_error())]]); return; }
    numbers("neuron-numbers", [
      ["distance to a ReLU, with reset", percent(lib.play_neuron_number(0))],
      ["output from end to end", quantity(lib.play_neuron_number(1), "V")],
      ["film at the knee and at full drive", lib.play_neuron_number(2).toFixed(1) + " and " + lib.play_neuron_number(3).toFixed(1) + " K"],
      ["up and down differ, without reset", percent(lib.play_neuron_number(4), 0)]]);
  },
  tick(dt) {
    this.phase = (this.phase + dt / 4) % 1;
    this.dirty ||= this.ok;
  },
  draw() {
    if (!this.ok) return;
    const c = canvas("neuron-plot"), { g } = c, n = 181, reset = neuronControls.value.reset;
    const z = doubles(lib.play_neuron_z(), n), out = doubles(lib.play_neuron_reset(), n), relu = doubles(lib.play_neuron_fit(), n);
    const loop = doubles(lib.play_neuron_sweep(), 2 * n);
    const all = [...out, ...(reset ? [] : loop)], hi = Math.max(...all) * 1.05;
    const milli = hi < 0.5, a = axes(c, { lo: -1.2, hi: 1.2, label: "drive: 0 is the bias, 1 full scale" },
      { lo: 0, hi, label: milli ? "output (mV)" : "output (V)", text: v => milli ? Number((1e3 * v).toPrecision(6)) : v });
    const y = a.py, x = k => a.px(z[k]);
    g.save();
    g.beginPath();
    g.rect(a.px(-1.2), a.py(hi), a.px(1.2) - a.px(-1.2), a.py(0) - a.py(hi));
    g.clip();
    line(g, n, x, k => y(relu[k]), ink.soft, 1.2, [5, 4]);
    line(g, n, x, k => y(out[k]), ink.blue, reset ? 2.5 : 1.5);
    if (!reset) {
      line(g, n, x, k => y(loop[k]), ink.red, 2.5);
      line(g, n, x, k => y(loop[n + k]), ink.red, 2.5);
    }
    g.restore();
    const p = 2 * this.phase, up = p < 1, k = Math.round((up ? p : 2 - p) * (n - 1));
    dot(g, x(k), y(reset ? out[k] : loop[(up ? 0 : n) + k]), 5, reset ? ink.blue : ink.red);
    g.textAlign = "right"; // where no curve goes: below the rectifier
    g.textBaseline = "bottom";
    const legend = [["after a reset", ink.blue], ["best ReLU", ink.soft]];
    if (!reset) legend.push(["swept up and down", ink.red]);
    legend.forEach(([t, colour], j) => { g.fillStyle = colour; g.fillText(t, a.px(1.2) - 8, a.py(0) - 10 - 17 * (legend.length - 1 - j)); });
    c.element.setAttribute("aria-label", `Output over drive. After a reset it differs from a rectifier by ` +
      `${percent(lib.play_neuron_number(0))} of its span; swept without reset, up and down differ by up to ` +
      `${percent(lib.play_neuron_number(4), 0)}.`);
  },
};

/* ---- the crossbar ---- */

const arrayControls = new Controls(document.getElementById("array-controls"), [
  { key: "n", label: "rows and columns", min: 8, max: 128, step: 8, start: 64, show: v => v + " \u00d7 " + v },
  { key: "wire", label: "wire, per cell", min: 0.1, max: 50, start: 2, log: true, show: v => quantity(v, "\u03a9") },
  { key: "source", label: "driver and amplifier input", min: 1, max: 5000, start: 100, log: true, show: v => quantity(v, "\u03a9") },
  { key: "on", label: "conductance of a cell that is on", min: 1e-6, max: 1e-3, start: 60e-6, log: true, show: v => quantity(v, "S") },
  { key: "share", label: "share of cells that are on", min: 0.05, max: 1, step: 0.05, start: 0.5, show: v => percent(v, 0) },
], () => { arrayPanel.dirty = true; });

const arrayPanel = {
  dirty: true,
  update() {
    const v = arrayControls.value;
    this.ok = lib.play_array(v.n, v.wire, v.source, v.source, v.on, v.share, 1, 0.2);
    if (!this.ok) { numbers("array-numbers", [["no result", text(lib.play_error())]]); return; }
    numbers("array-numbers", [
      ["largest loss of voltage", percent(lib.play_array_number(0))],
      ["mean loss", percent(lib.play_array_number(1))],
      ["current that is lost", percent(lib.play_array_number(2))],
      ["power", quantity(lib.play_array_number(4), "W")]]);
  },
  draw() {
    if (!this.ok) return;
    const c = canvas("array-plot"), { g } = c, n = arrayControls.value.n;
    const drop = doubles(lib.play_array_drop(), n * n), top = Math.max(lib.play_array_number(0), 1e-3);
    const left = 34, bottom = 58, side = Math.min(c.w - left - 4, c.h - bottom - 4), cell = side / n;
    const image = new ImageData(n, n), heat = ink.heat.split(",").map(Number);
    for (let k = 0; k < n * n; k++) {
      image.data.set(heat, 4 * k);
      image.data[4 * k + 3] = Math.round(255 * Math.max(0, drop[k]) / top);
    }
    const map = new OffscreenCanvas(n, n);
    map.getContext("2d").putImageData(image, 0, 0);
    g.imageSmoothingEnabled = false;
    g.drawImage(map, left, 4, side, side);
    g.strokeStyle = ink.line;
    g.strokeRect(left - 0.5, 3.5, side + 1, side + 1);
    g.fillStyle = ink.soft;
    g.textAlign = "center";
    g.textBaseline = "top";
    g.fillText("column; amplifiers below", left + side / 2, side + 8);
    g.save();
    g.translate(14, side / 2);
    g.rotate(-Math.PI / 2);
    g.textBaseline = "middle";
    g.fillText("row; drivers at the left", 0, 0);
    g.restore();
    const bar = g.createLinearGradient(left, 0, left + side, 0);
    bar.addColorStop(0, `rgba(${ink.heat},0)`);
    bar.addColorStop(1, `rgba(${ink.heat},1)`);
    g.fillStyle = bar;
    g.fillRect(left, side + 28, side, 8);
    g.strokeRect(left - 0.5, side + 27.5, side + 1, 9);
    g.fillStyle = ink.soft;
    g.textAlign = "left";
    g.fillText("0", left, side + 40);
    g.textAlign = "right";
    g.fillText(percent(top) + " of the voltage missing", left + side, side + 40);
    this.place = { left, top: 4, cell };
    c.element.setAttribute("aria-label", `Map of the voltage missing at ${n} by ${n} cells: largest ` +
      `${percent(top)}, at the far corner; mean ${percent(lib.play_array_number(1))}.`);
  },
};

/* ---- the maze ---- */

const mazeControls = new Controls(document.getElementById("maze-controls"), [
  { key: "speed", label: "speed", min: 1, max: 2000, start: 60, log: true, show: v => v.toPrecision(2) * 1 + " steps/s" },
  { key: "trace", label: "trace: light fades in", min: 0.5, max: 30, start: 10, log: true, show: v => v + " steps", note: "starts anew" },
  { key: "spread", label: "spread between cells", min: 0, max: 1, step: 0.05, start: 0.2, show: v => percent(v, 0), note: "starts anew" },
], key => { if (key !== "speed") mazePanel.restart(); });

const mazePanel = {
  dirty: true, seed: 1, running: true, owed: 0,
  restart() {
    this.ok = lib.play_maze_new(this.seed, 0, mazeControls.value.trace, 0, mazeControls.value.spread);
    this.owed = 0;
    this.dirty = true;
  },
  tick(dt) {
    if (!this.running || !this.ok) return;
    this.owed = Math.min(this.owed + dt * mazeControls.value.speed, 400);
    while (this.owed >= 1) {
      const n = lib.play_maze_step(Math.floor(this.owed));
      if (n <= 0) { this.ok = n === 0; break; }
      this.owed -= n;
      this.dirty = true;
    }
  },
  update() {
    const at = k => lib.play_maze_number(k), solved = at(6);
    numbers("maze-numbers", [["episode", plain(at(0))], ["step", plain(at(1))], ["shortest path", plain(at(5)) + " steps"],
      ["learnt", solved ? "in episode " + solved : "not yet"]]);
  },
  draw() {
    const c = canvas("maze-plot"), { g } = c, w = lib.play_maze_width(), h = lib.play_maze_height();
    const cell = Math.min(c.w / w, c.h / h), picture = text(lib.play_maze_picture());
    const policy = doubles(lib.play_maze_policy(), 4 * w * h), trace = doubles(lib.play_maze_trace(), 4 * w * h);
    const dx = [0, 1, 0, -1], dy = [-1, 0, 1, 0];
    for (let k = 0; k < w * h; k++) {
      const x = (k % w) * cell, y = Math.floor(k / w) * cell, mx = x + cell / 2, my = y + cell / 2;
      const light = Math.min(1, Math.max(...trace.slice(4 * k, 4 * k + 4)));
      g.fillStyle = picture[k] === "#" ? ink.line : ink.paper;
      g.fillRect(x, y, cell, cell);
      if (light > 0.02) {
        g.fillStyle = `rgba(${ink.heat},${0.55 * light})`;
        g.fillRect(x, y, cell, cell);
      }
      g.strokeStyle = ink.line;
      g.lineWidth = 1;
      g.strokeRect(x + 0.5, y + 0.5, cell - 1, cell - 1);
      if (picture[k] === "#") continue;
      if (picture[k] !== ".") {
        g.fillStyle = ink.soft;
        g.textAlign = "left";
        g.textBaseline = "top";
        g.fillText(picture[k] === "S" ? "start" : "goal", x + 5, y + 5);
      }
      for (let a = 0; a < 4; a++) {
        const len = Math.max(0, policy[4 * k + a]) * cell * 0.42;
        if (len < 1) continue;
        g.beginPath();
        g.moveTo(mx, my);
        g.lineTo(mx + dx[a] * len, my + dy[a] * len);
        g.strokeStyle = ink.blue;
        g.lineWidth = 3;
        g.stroke();
      }
    }
    const place = lib.play_maze_number(2);
    dot(g, (place % w + 0.5) * cell, (Math.floor(place / w) + 0.5) * cell, cell * 0.2, ink.red);
    c.element.setAttribute("aria-label", `Maze of ${w} by ${h} places, agent in row ${Math.floor(place / w) + 1}, column ` +
      `${place % w + 1}; bars show the preferred directions, shades the light that lingers.`);
    this.curve();
  },
  curve() {
    const c = canvas("maze-curve"), n = lib.play_maze_number(0), done = lib.play_maze_number(4) ? n : n - 1;
    const steps = doubles(lib.play_maze_steps(), Math.max(done, 1));
    const hi = Math.max(20, ...steps.slice(0, done)), a = axes(c, { lo: 0, hi: Math.max(30, n), label: "episode" },
      { lo: 0, hi, label: "steps to the goal" });
    line(c.g, done, k => a.px(k + 1), k => a.py(steps[k]), ink.red, 1.5);
    const least = lib.play_maze_number(5);
    line(c.g, 2, k => a.px(k ? Math.max(30, n) : 0), () => a.py(least), ink.soft, 1, [4, 3]);
    c.element.setAttribute("aria-label", `Steps per episode, ${done} episodes` + (done ? `, the last took ${steps[done - 1]}.` : "."));
  },
};

function mazeButtons() {
  const row = document.createElement("div"), run = document.createElement("button"), again = document.createElement("button");
  row.className = "row";
  run.type = again.type = "button";
  run.id = "maze-run";
  again.id = "maze-again";
  const say = () => { run.textContent = mazePanel.running ? "pause" : "go on"; };
  run.addEventListener("click", () => { mazePanel.running = !mazePanel.running; say(); });
  again.textContent = "other devices, other luck";
  again.addEventListener("click", () => { mazePanel.seed++; mazePanel.restart(); });
  say();
  row.append(run, again);
  document.getElementById("maze-controls").append(row);
}

/* ---- all together ---- */

const panels = [neuronPanel, arrayPanel, mazePanel];
const rate = { frames: 0, since: 0, fps: 0, work: 0 };

function frame(now) {
  const dt = Math.min((now - (frame.last ?? now)) / 1000, 0.1), begin = performance.now();
  frame.last = now;
  neuronPanel.tick(dt);
  mazePanel.tick(dt);
  for (const p of panels) {
    if (p.dirty) { p.dirty = false; p.update(); p.draw(); }
  }
  rate.frames++;
  rate.work = Math.max(0.95 * rate.work, performance.now() - begin);
  if (now - rate.since > 1000) {
    rate.fps = rate.frames * 1000 / (now - rate.since);
    rate.since = now;
    rate.frames = 0;
    document.getElementById("rate").textContent = Math.round(rate.fps) + " pictures a second.";
  }
  requestAnimationFrame(frame);
}

function redraw() {
  ink = colours();
  for (const p of panels) p.dirty = true;
}

document.getElementById("version").textContent = text(lib.play_version());
if (!lib.play_neuron_design(START.bias, START.swing, START.series, START.read)) throw new Error(text(lib.play_error()));
mazeButtons();
mazePanel.restart();
window.addEventListener("resize", redraw);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
requestAnimationFrame(frame);
/* for tests */
window.play = { lib, neuronPanel, neuronControls, doubles, text, rate, arrayPanel, mazePanel, arrayControls, mazeControls };
