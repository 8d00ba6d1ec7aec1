"use strict";
// One call's page: a timeline drawn from 10 ms tracks, a player, and a transcript that follows it.
// Everything comes from the page itself; nothing is fetched.

(() => {
  const $ = (id) => document.getElementById(id);
  const call = JSON.parse($("call").textContent);
  const audio = $("audio"), canvas = $("timeline"), tip = $("tip"), pan = $("scroll");
  const hint = tip.textContent;
  const backdrop = document.createElement("canvas"); // all but the playhead, drawn once per view
  const view = { start: 0, end: call.duration };
  let stopAt = null;
  let position = 0; // where the playhead stands when there is no sound to play

  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const pad = (n) => String(n).padStart(2, "0");
  const now = () => (audio ? audio.currentTime : position);
  const clamp = (t) => Math.min(Math.max(0, t), call.duration);
  function clock(seconds) {
    const tenths = Math.round(seconds * 10), s = Math.floor(tenths / 10);
    const tail = `${pad(s % 60)}.${tenths % 10}`;
    return s >= 3600 ? `${Math.floor(s / 3600)}:${pad(Math.floor(s / 60) % 60)}:${tail}` : `${Math.floor(s / 60)}:${tail}`;
  }

  const channels = call.channels.map((c) => ({
    speaker: c.speaker, peak: bytes(c.peak), level: bytes(c.level), pitch: bytes(c.pitch),
  }));
  const words = [...document.querySelectorAll(".word")].map((node) => ({
    node, start: +node.dataset.start, end: +node.dataset.end,
  })).sort((a, b) => a.start - b.start);
  const longest = words.reduce((most, w) => Math.max(most, w.end - w.start), 0);

  /** Index of the first item that starts after `t`. */
  function after(items, t) {
    let low = 0, high = items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (items[middle].start <= t) low = middle + 1; else high = middle;
    }
    return low;
  }

  function loadSound() {
    const sound = $("sound");
    if (!sound || !audio) return;
    // A blob seeks exactly and at once; a data: address of this size does not everywhere.
    audio.src = URL.createObjectURL(new Blob([bytes(sound.textContent.trim())], { type: sound.dataset.type }));
    sound.remove();
  }

  /** Go to a moment; `play` starts the sound, `end` is where it stops by itself. */
  function go(start, { end = null, play = false } = {}) {
    start = clamp(start);
    position = start;
    stopAt = end;
    if (start < view.start || start > view.end) show(start - (view.end - view.start) / 4);
    if (audio) {
      audio.currentTime = start;
      if (play) audio.play().catch(() => {}); // a browser may want a second click before it makes sound
    }
    follow(true);
  }

  function toggle() {
    if (!audio) return;
    stopAt = null;
    if (audio.paused) audio.play().catch(() => {}); else audio.pause();
  }

  function nextLoss() {
    const at = call.losses[after(call.losses, now() + 0.05)] ?? call.losses[0];
    if (at) go(at.start, { play: true });
  }

  // ── Timeline ────────────────────────────────────────────────────────────────────────────────
  const GUTTER = 62; // room for the lanes' names
  const AXIS = 14; // and for the times below them
  const LANES = [["wave", 0.23], ["wave", 0.23], ["losses", 0.06], ["events", 0.07], ["pitch", 0.15], ["level", 0.14], ["pace", 0.12]];
  const DRAW = { losses: drawLosses, events: drawEvents, pitch: drawPitch, level: drawLevel, pace: drawPace };
  let paint = {};

  function colors() {
    const style = getComputedStyle(document.documentElement);
    const named = (name) => style.getPropertyValue(`--${name}`).trim();
    paint = Object.fromEntries(["ink", "soft", "line", "bad", "hold", "band", "agent", "customer"].map((n) => [n, named(n)]));
    paint.warn = named("warn-fill");
  }
  const voice = (speaker) => paint[speaker] || paint.soft;

  function render() {
    colors();
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = backdrop.width = Math.round(width * ratio);
    canvas.height = backdrop.height = Math.round(height * ratio);
    const g = backdrop.getContext("2d");
    g.scale(ratio, ratio);
    const x = (t) => GUTTER + ((t - view.start) / (view.end - view.start)) * (width - GUTTER);
    const present = LANES.filter(([kind], i) => kind !== "wave" || i < channels.length);
    const sum = present.reduce((s, [, share]) => s + share, 0);
    let top = 0, channel = 0;
    for (const [kind, share] of present) {
      const tall = (share / sum) * (height - AXIS);
      const lane = { top: top + 3, height: tall - 6, width: width - GUTTER, x };
      g.save();
      g.beginPath();
      g.rect(GUTTER, top, width, tall);
      g.clip();
      if (kind === "wave") drawWave(g, lane, channels[channel++]); else DRAW[kind](g, lane);
      g.restore();
      label(g, lane, kind === "wave" ? call.labels[channels[channel - 1].speaker] : call.labels[kind]);
      top += tall;
    }
    drawAxis(g, width, height, x);
    const zoomed = view.end - view.start < call.duration - 0.01;
    pan.hidden = !zoomed;
    if (zoomed) pan.value = Math.round((1000 * view.start) / (call.duration - view.end + view.start));
    draw();
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    const g = canvas.getContext("2d");
    g.clearRect(0, 0, canvas.width, canvas.height);
    if (backdrop.width && backdrop.height) g.drawImage(backdrop, 0, 0);
    const t = now();
    if (t < view.start || t > view.end) return;
    const x = GUTTER * ratio + ((t - view.start) / (view.end - view.start)) * (canvas.width - GUTTER * ratio);
    g.fillStyle = paint.ink;
    g.fillRect(Math.min(x, canvas.width - 1.5 * ratio), 0, 1.5 * ratio, canvas.height - AXIS * ratio);
  }

  function drawAxis(g, width, height, x) {
    const steps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
    const room = Math.max(1, (width - GUTTER) / 70);
    const step = steps.find((s) => (view.end - view.start) / s <= room) ?? 7200;
    g.fillStyle = paint.soft;
    g.font = "10px system-ui, sans-serif";
    for (let t = Math.ceil(view.start / step) * step; t <= view.end; t += step) {
      g.fillRect(x(t), height - AXIS, 1, 3);
      const text = step < 1 ? clock(t) : clock(t).slice(0, -2);
      g.fillText(text, Math.min(Math.max(GUTTER, x(t) - g.measureText(text).width / 2), width - g.measureText(text).width), height - 1);
    }
  }

  function label(g, lane, text) {
    g.fillStyle = paint.soft;
    g.font = "11px system-ui, sans-serif";
    const lines = text.split("\n").slice(0, lane.height < 24 ? 1 : 2);
    const first = lane.top + lane.height / 2 + 4 - 6.5 * (lines.length - 1);
    lines.forEach((line, i) => g.fillText(line, 0, first + 13 * i, GUTTER - 6));
  }

  function drawWave(g, lane, channel) {
    const middle = lane.top + lane.height / 2;
    g.globalAlpha = 0.13;
    g.fillStyle = voice(channel.speaker);
    for (const t of call.turns) {
      if (t.speaker === channel.speaker) g.fillRect(lane.x(t.start), lane.top, Math.max(1, lane.x(t.end) - lane.x(t.start)), lane.height);
    }
    g.globalAlpha = 1;
    for (let px = 0; px < lane.width; px++) {
      const size = (loudest(channel.peak, px, lane.width) / 255) * lane.height / 2;
      g.fillRect(GUTTER + px, middle - size, 1, Math.max(0.5, 2 * size));
    }
  }

  function columns(px, width) {
    const perPx = (view.end - view.start) / width / call.step;
    const from = view.start / call.step + px * perPx;
    return [Math.floor(from), Math.max(Math.floor(from) + 1, Math.floor(from + perPx))];
  }

  function loudest(track, px, width) {
    const [from, to] = columns(px, width);
    let most = 0;
    for (let i = from; i < to && i < track.length; i++) if (track[i] > most) most = track[i];
    return most;
  }

  function box(g, lane, event, fill) {
    g.fillStyle = fill;
    g.fillRect(lane.x(event.start), lane.top, Math.max(2, lane.x(event.end) - lane.x(event.start)), lane.height);
  }

  function drawLosses(g, lane) {
    // Several on one moment look darker than one.
    g.globalAlpha = 0.45;
    for (const loss of call.losses) box(g, lane, loss, paint.bad);
    g.globalAlpha = 1;
  }

  function drawEvents(g, lane) {
    for (const hold of call.holds) box(g, lane, hold, paint.hold);
    for (const tone of call.tones) box(g, lane, tone, paint.soft);
    for (const overlap of call.overlaps) box(g, lane, overlap, overlap.interruption ? paint.bad : paint.warn);
  }

  function drawCurve(g, lane, track, speaker, range, value) {
    g.strokeStyle = voice(speaker);
    g.lineWidth = 1.4;
    g.beginPath();
    let open = false;
    for (let px = 0; px < lane.width; px++) {
      const [from, to] = columns(px, lane.width);
      let sum = 0, count = 0;
      for (let i = from; i < to && i < track.length; i++) if (track[i]) { sum += track[i]; count++; }
      const share = count ? (value(sum / count) - range[0]) / (range[1] - range[0]) : -1;
      if (share < 0) { open = false; continue; }
      const y = lane.top + lane.height * (1 - Math.min(1, share));
      if (open) g.lineTo(GUTTER + px, y); else g.moveTo(GUTTER + px, y);
      open = true;
    }
    g.stroke();
  }

  function drawBand(g, lane, range, low, high) {
    const y = (v) => lane.top + lane.height * (1 - Math.min(1, Math.max(0, (v - range[0]) / (range[1] - range[0]))));
    g.fillStyle = paint.band;
    g.fillRect(GUTTER, y(high ?? range[1]), lane.width, y(low ?? range[0]) - y(high ?? range[1]));
  }

  // Each voice about its own median, each level about its own active level: what the limits are in.
  function drawPitch(g, lane) {
    const range = [-12, 12];
    if (call.limits.pitch) drawBand(g, lane, range, -call.limits.pitch[0], call.limits.pitch[0]);
    for (const c of channels) {
      const median = call.medians[c.speaker];
      if (median != null) drawCurve(g, lane, c.pitch, c.speaker, range, (v) => call.pitchScale * (v - 1) - median);
    }
  }

  function drawLevel(g, lane) {
    const range = [-30, 15];
    if (call.limits.level) drawBand(g, lane, range, ...call.limits.level);
    for (const c of channels) {
      const own = call.levels[c.speaker];
      if (own != null) drawCurve(g, lane, c.level, c.speaker, range, (v) => v / 2 - 96 - own);
    }
  }

  function drawPace(g, lane) {
    const range = [0, 9];
    if (call.limits.pace) drawBand(g, lane, range, ...call.limits.pace);
    for (const t of call.turns) {
      if (t.rate == null) continue;
      g.fillStyle = voice(t.speaker);
      g.fillRect(lane.x(t.start), lane.top + lane.height * (1 - Math.min(1, t.rate / range[1])) - 1.5, Math.max(2, lane.x(t.end) - lane.x(t.start)), 3);
    }
  }

  function show(start, length = view.end - view.start) {
    length = Math.min(call.duration, Math.max(Math.min(3, call.duration), length));
    view.start = Math.min(Math.max(0, start), call.duration - length);
    view.end = view.start + length;
    render();
  }

  const timeAt = (event) => {
    const share = (event.offsetX - GUTTER) / (canvas.clientWidth - GUTTER);
    return view.start + Math.min(1, Math.max(0, share)) * (view.end - view.start);
  };

  function describe(t) {
    const inside = (e) => e.start <= t && t < e.end;
    const names = [...call.losses, ...call.overlaps, ...call.holds, ...call.tones].filter(inside).map((e) => e.label);
    const turn = call.turns.find(inside);
    if (turn?.rate != null) names.push(`${call.labels[turn.speaker] ?? turn.speaker} ${turn.rate.toFixed(1)} ${call.labels.rateUnit}`);
    return [clock(t), ...names].join(" · ");
  }

  function zoom(factor, about = now()) {
    const length = (view.end - view.start) * factor;
    const anchor = about >= view.start && about <= view.end ? about : (view.start + view.end) / 2;
    show(anchor - (anchor - view.start) * factor, length);
  }

  // ── Following the sound ─────────────────────────────────────────────────────────────────────
  let spoken = [];
  function follow(sought = false) {
    const t = now();
    if (stopAt != null && audio && t >= stopAt) { audio.pause(); stopAt = null; }
    for (const word of spoken) word.node.classList.remove("now");
    // Only words that start within the longest word's length before now can still be sounding.
    spoken = words.slice(after(words, t - longest - 0.001), after(words, t)).filter((w) => t < w.end);
    for (const word of spoken) word.node.classList.add("now");
    const playing = audio && !audio.paused;
    if (playing || sought) {
      const near = spoken[0] ?? words[Math.max(0, after(words, t) - 1)];
      if (near) keepInSight(near.node);
    }
    if (playing && t > view.end) show(t); else draw();
    if ($("time")) $("time").textContent = clock(t);
    canvas.setAttribute("aria-valuenow", t.toFixed(1));
    canvas.setAttribute("aria-valuetext", describe(t));
  }

  function keepInSight(node) {
    const frame = $("transcript"), edge = frame.getBoundingClientRect(), at = node.getBoundingClientRect();
    if (at.top < edge.top || at.bottom > edge.bottom) frame.scrollTop += at.top - edge.top - edge.height / 3;
  }

  function tick() {
    if (!audio.paused) { follow(); requestAnimationFrame(tick); }
  }

  function playing() {
    const button = $("play");
    button.firstElementChild.textContent = audio.paused ? "▶" : "❚❚";
    button.setAttribute("aria-label", audio.paused ? call.labels.play : call.labels.pause);
  }

  // ── Wiring ──────────────────────────────────────────────────────────────────────────────────
  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-start]");
    if (!target) return;
    const { start, stop } = target.dataset;
    go(+start, { end: stop ? +stop : null, play: true });
    // After a click with the mouse, the space bar belongs to the player again.
    if (event.detail && target.blur) target.blur();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#f-"]');
    if (link) setTimeout(() => document.querySelector(link.hash)?.focus({ preventScroll: true }));
  });
  canvas.addEventListener("click", (event) => go(timeAt(event), { play: true }));
  canvas.addEventListener("mousemove", (event) => { tip.textContent = describe(timeAt(event)); });
  canvas.addEventListener("mouseleave", () => { tip.textContent = hint; });
  canvas.addEventListener("wheel", (event) => {
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      show(view.start + ((event.deltaX || event.deltaY) / 800) * (view.end - view.start));
    } else if (event.ctrlKey || event.metaKey) { // the page scrolls; Ctrl zooms
      event.preventDefault();
      zoom(event.deltaY > 0 ? 1.25 : 0.8, timeAt(event));
    }
  }, { passive: false });
  $("closer").addEventListener("click", () => zoom(0.5));
  $("wider").addEventListener("click", () => zoom(2));
  $("whole").addEventListener("click", () => show(0, call.duration));
  pan.addEventListener("input", () => show((pan.value / 1000) * (call.duration - view.end + view.start)));

  const KEYS = {
    " ": toggle,
    ArrowLeft: () => go(now() - 5),
    ArrowRight: () => go(now() + 5),
    n: nextLoss,
    "+": () => zoom(0.5),
    "=": () => zoom(0.5),
    "-": () => zoom(2),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select")) return;
    if (event.key === " " && event.target.closest("button, summary, a")) return;
    const on = event.target === canvas ? { Home: () => go(0), End: () => go(call.duration) } : {};
    const act = on[event.key] ?? KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act) { event.preventDefault(); act(); }
  });
  if (audio) {
    $("play").addEventListener("click", toggle);
    $("back").addEventListener("click", () => go(now() - 5));
    $("forward").addEventListener("click", () => go(now() + 5));
    $("next").addEventListener("click", nextLoss);
    $("next").disabled = !call.losses.length;
    $("speed").addEventListener("change", (event) => { audio.playbackRate = +event.target.value; });
    audio.addEventListener("play", () => { playing(); requestAnimationFrame(tick); });
    audio.addEventListener("seeked", () => follow());
    audio.addEventListener("pause", () => { playing(); follow(); });
  }

  // On paper: the whole call, and what is folded away under the lost points.
  const folded = document.querySelectorAll(".finding > details, .unheard");
  window.addEventListener("beforeprint", () => {
    show(0, call.duration);
    for (const part of folded) part.open = true;
  });
  window.addEventListener("afterprint", () => { for (const part of folded) part.open = false; });
  new ResizeObserver(render).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", render);
  loadSound();
  render();
  follow();
  document.documentElement.dataset.ready = "yes";
})();
