"use strict";
// One call's page: a timeline drawn from 10 ms tracks, a player, and a transcript that follows it.
// Everything comes from the page itself; nothing is fetched.

(() => {
  const call = JSON.parse(document.getElementById("call").textContent);
  const audio = document.getElementById("audio");
  const canvas = document.getElementById("timeline");
  const tip = document.getElementById("tip");
  const words = [...document.querySelectorAll(".word")].map((node) => ({
    node, start: +node.dataset.start, end: +node.dataset.end,
  })).sort((a, b) => a.start - b.start);
  const view = { start: 0, end: call.duration };
  let stopAt = null;
  let position = 0; // where the playhead stands when there is no sound to play

  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const clock = (s) => `${Math.floor(s / 60)}:${(s % 60).toFixed(1).padStart(4, "0")}`;
  const now = () => (audio ? audio.currentTime : position);

  const channels = call.channels.map((c) => ({
    speaker: c.speaker, peak: bytes(c.peak), level: bytes(c.level), pitch: bytes(c.pitch),
  }));

  function loadSound() {
    const sound = document.getElementById("sound");
    if (!sound || !audio) return;
    // A blob seeks exactly and at once; a data: address of this size does not everywhere.
    audio.src = URL.createObjectURL(new Blob([bytes(sound.textContent.trim())], { type: sound.dataset.type }));
    sound.remove();
  }

  function jump(start, end) {
    position = start;
    stopAt = end ?? null;
    if (start < view.start || start > view.end) show(start - (view.end - view.start) / 4);
    if (audio) {
      audio.currentTime = start;
      audio.play().catch(() => {}); // a browser may want a second click before it makes sound
    }
    follow();
  }

  // ── Timeline ────────────────────────────────────────────────────────────────────────────────
  const GUTTER = 62; // room for the lanes' names
  const LANES = [["wave", 0.25], ["wave", 0.25], ["events", 0.07], ["pitch", 0.16], ["level", 0.14], ["pace", 0.13]];

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const g = canvas.getContext("2d");
    g.scale(ratio, ratio);
    const x = (t) => GUTTER + ((t - view.start) / (view.end - view.start)) * (width - GUTTER);
    let top = 0, channel = 0;
    const present = LANES.filter(([kind], i) => kind !== "wave" || i < channels.length);
    const sum = present.reduce((s, [, share]) => s + share, 0);
    for (const [kind, share] of present) {
      g.save();
      g.beginPath();
      g.rect(GUTTER, top, width, (share / sum) * height);
      g.clip();
      const lane = { top: top + 3, height: (share / sum) * height - 6, width: width - GUTTER, x };
      if (kind === "wave") drawWave(g, lane, channels[channel++]);
      else ({ events: drawEvents, pitch: drawPitch, level: drawLevel, pace: drawPace })[kind](g, lane);
      g.restore();
      label(g, lane, kind === "wave" ? call.labels[channels[channel - 1].speaker] : call.labels[kind]);
      top += (share / sum) * height;
    }
    g.fillStyle = color("--ink");
    if (now() >= view.start && now() <= view.end) g.fillRect(x(now()), 0, 1.5, height);
  }

  function label(g, lane, text) {
    g.fillStyle = color("--soft");
    g.font = "11px system-ui, sans-serif";
    const lines = text.split("\n").slice(0, lane.height < 24 ? 1 : 2);
    const first = lane.top + lane.height / 2 + 4 - 6.5 * (lines.length - 1);
    lines.forEach((line, i) => g.fillText(line, 0, first + 13 * i, GUTTER - 6));
  }

  function drawWave(g, lane, channel) {
    const paint = color(`--${channel.speaker}`) || color("--soft");
    const middle = lane.top + lane.height / 2;
    g.globalAlpha = 0.13;
    g.fillStyle = paint;
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

  function drawEvents(g, lane) {
    const box = (event, paint) => {
      g.fillStyle = color(paint);
      g.fillRect(lane.x(event.start), lane.top, Math.max(2, lane.x(event.end) - lane.x(event.start)), lane.height);
    };
    for (const hold of call.holds) box(hold, "--hold");
    for (const tone of call.tones) box(tone, "--soft");
    for (const overlap of call.overlaps) box(overlap, overlap.interruption ? "--bad" : "--warn");
  }

  function drawCurve(g, lane, track, paint, range, value) {
    g.strokeStyle = paint;
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
    g.fillStyle = color("--band");
    g.fillRect(GUTTER, y(high ?? range[1]), lane.width, y(low ?? range[0]) - y(high ?? range[1]));
  }

  // Each voice about its own median, each level about its own active level: what the limits are in.
  function drawPitch(g, lane) {
    const range = [-12, 12];
    if (call.limits.pitch) drawBand(g, lane, range, -call.limits.pitch[0], call.limits.pitch[0]);
    for (const c of channels) {
      const median = call.medians[c.speaker];
      if (median != null) drawCurve(g, lane, c.pitch, color(`--${c.speaker}`) || color("--soft"), range, (v) => call.pitchScale * (v - 1) - median);
    }
  }

  function drawLevel(g, lane) {
    const range = [-30, 15];
    if (call.limits.level) drawBand(g, lane, range, ...call.limits.level);
    for (const c of channels) {
      const own = call.levels[c.speaker];
      if (own != null) drawCurve(g, lane, c.level, color(`--${c.speaker}`) || color("--soft"), range, (v) => v / 2 - 96 - own);
    }
  }

  function drawPace(g, lane) {
    const range = [0, 9];
    if (call.limits.pace) drawBand(g, lane, range, ...call.limits.pace);
    for (const t of call.turns) {
      if (t.rate == null) continue;
      g.fillStyle = color(`--${t.speaker}`) || color("--soft");
      g.fillRect(lane.x(t.start), lane.top + lane.height * (1 - Math.min(1, t.rate / range[1])) - 1.5, Math.max(2, lane.x(t.end) - lane.x(t.start)), 3);
    }
  }

  function show(start, length = view.end - view.start) {
    length = Math.min(call.duration, Math.max(Math.min(3, call.duration), length));
    view.start = Math.min(Math.max(0, start), call.duration - length);
    view.end = view.start + length;
    draw();
  }

  const timeAt = (event) => {
    const share = (event.offsetX - GUTTER) / (canvas.clientWidth - GUTTER);
    return view.start + Math.min(1, Math.max(0, share)) * (view.end - view.start);
  };

  function describe(t) {
    const inside = (e) => e.start <= t && t < e.end;
    const names = [...call.overlaps, ...call.holds, ...call.tones].filter(inside).map((e) => e.label);
    const turn = call.turns.find(inside);
    if (turn?.rate != null) names.push(`${call.labels[turn.speaker] ?? turn.speaker} ${turn.rate.toFixed(1)} ${call.labels.rateUnit}`);
    return `${clock(t)}  ${names.join(" · ")}`;
  }

  function zoom(factor, about = now()) {
    const length = (view.end - view.start) * factor;
    const anchor = about >= view.start && about <= view.end ? about : (view.start + view.end) / 2;
    show(anchor - (anchor - view.start) * factor, length);
  }

  // ── Following the sound ─────────────────────────────────────────────────────────────────────
  let spoken = [];
  function follow() {
    const t = now();
    if (stopAt != null && audio && t >= stopAt) { audio.pause(); stopAt = null; }
    for (const word of spoken) word.node.classList.remove("now");
    spoken = words.filter((word) => word.start <= t && t < word.end);
    for (const word of spoken) word.node.classList.add("now");
    if (spoken.length && audio && !audio.paused) keepInSight(spoken[0].node);
    if (audio && !audio.paused && t > view.end) show(t);
    draw();
  }

  function keepInSight(node) {
    const box = document.getElementById("transcript");
    const at = node.getBoundingClientRect(), frame = box.getBoundingClientRect();
    if (at.top < frame.top || at.bottom > frame.bottom) box.scrollTop += at.top - frame.top - frame.height / 3;
  }

  function tick() {
    if (!audio.paused) { follow(); requestAnimationFrame(tick); }
  }

  // ── Wiring ──────────────────────────────────────────────────────────────────────────────────
  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-start]");
    if (target) jump(+target.dataset.start, target.dataset.stop ? +target.dataset.stop : null);
  });
  canvas.addEventListener("click", (event) => jump(timeAt(event)));
  canvas.addEventListener("mousemove", (event) => { tip.textContent = describe(timeAt(event)); });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls; Ctrl zooms
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, timeAt(event));
  }, { passive: false });
  document.getElementById("closer").addEventListener("click", () => zoom(0.5));
  document.getElementById("wider").addEventListener("click", () => zoom(2));
  document.addEventListener("keydown", (event) => {
    if (!audio || event.target.closest("button, audio, summary")) return;
    if (event.key === " ") { event.preventDefault(); if (audio.paused) audio.play(); else audio.pause(); }
    if (event.key === "ArrowLeft") jump(Math.max(0, now() - 5));
    if (event.key === "ArrowRight") jump(Math.min(call.duration, now() + 5));
  });
  if (audio) {
    audio.addEventListener("play", () => requestAnimationFrame(tick));
    audio.addEventListener("seeked", follow);
    audio.addEventListener("pause", follow);
  }
  window.addEventListener("resize", draw);
  window.addEventListener("beforeprint", () => show(0, call.duration));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  loadSound();
  draw();
  document.documentElement.dataset.ready = "yes";
})();
