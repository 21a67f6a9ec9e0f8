/* The page: what buttons, keys and fingers do. `data-ready` on the body says that the scene is drawn, `data-view` which view. */
const PLAYED = 6000, MOVED = 700; // milliseconds
const SLOW = 60; // milliseconds of a picture above which it is drawn in less detail while it moves
const ASIDE = 1; // radians that one may stand beside what was seen, where all cameras are shown
const TURN = 0.08; // radians of an arrow key
const by = (id) => document.getElementById(id);

function bytesOf(text) { return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)); }

function say(words) { by("hint").textContent = words; }

class Film { /* Where there is no WebGL 2: the pictures one after another. */
  constructor(data) {
    by("scene").hidden = true;
    say("This browser has no WebGL 2, so the pictures are shown as a film.");
    const frames = [...data.film, ...data.film.slice(1, -1).reverse()];
    document.body.dataset.film = frames.length;
    let at = 0;
    const show = (i) => { by("poster").src = `data:image/webp;base64,${data.sights[i].picture}`; };
    const go = () => { show(frames[at++ % frames.length]); };
    let going = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : setInterval(go, 500);
    data.saved.forEach((i, number) => button(`View ${number + 1}`, () => { clearInterval(going); going = 0; show(i); }));
    button("Film", () => { if (!going) going = setInterval(go, 500); });
  }
}

function button(word, act) {
  const one = Object.assign(document.createElement("button"), { type: "button", textContent: word, onclick: act });
  by("views").append(one);
  return one;
}

class Page {
  constructor(data, pictures) {
    this.data = data;
    this.orbit = new Orbit(data);
    this.scene = new Scene(by("scene"), data, pictures);
    this.cameras = new Cameras(by("cameras"), data);
    this.pose = data.sights[0].pose;
    this.moment = this.cameras.last;
    this.moving = this.coarse = false;
    this.buttons = data.saved.map((i, number) => button(`View ${number + 1}`, () => this.go(number)));
    this.buttons.push(button("Cameras", () => this.go(data.saved.length)));
    by("moment").max = this.cameras.last;
    by("moment").oninput = () => { this.stop(); this.at(Number(by("moment").value)); };
    by("play").onclick = () => (this.playing ? this.stop() : this.play());
    this.#listen(by("scene"));
    new ResizeObserver(() => this.paint()).observe(by("stage"));
    matchMedia(`(resolution: ${devicePixelRatio}dppx)`).onchange = () => this.paint();
    this.at(this.moment);
    this.named(0);
    say("Drag to look around. Scroll or pinch to go nearer.");
  }

  /* -- views -- */

  go(number) {
    const shown = number === this.data.saved.length;
    this.named(number);
    const goal = shown ? this.#overview() : this.data.sights[this.data.saved[number]].pose;
    const from = this.pose, began = performance.now();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    delete document.body.dataset.view;
    const step = (now) => {
      if (this.wanted !== number) return;
      const part = still ? 1 : Math.min(1, Math.max(0, now - began) / MOVED), eased = part * part * (3 - 2 * part);
      this.look(part < 1 ? poseBetween(from, goal, eased, this.data.target) : goal, part < 1);
      if (part < 1) requestAnimationFrame(step);
      else document.body.dataset.view = number;
    };
    requestAnimationFrame(step);
  }

  /* All cameras, and what the first one sees. */
  #overview() {
    const { pose, lens: [fx, fy, cx, cy] } = this.data.sights[0], stage = by("stage");
    const focal = this.#focal(stage.clientWidth, stage.clientHeight), middle = this.#middle;
    const corners = [[0, 0], [1, 0], [0, 1], [1, 1]].map(([u, v]) =>
      [(u - cx) / fx, (v - cy) / fy, 1].reduce((sum, part, i) => add(sum, axis(pose, i), part * this.data.far), place(pose)));
    const half = [stage.clientWidth, stage.clientHeight].map((side, i) => 0.9 * side / 2 / focal - Math.abs(middle[i]));
    return this.orbit.overview(pose, [...corners, ...this.cameras.moments[this.cameras.last].map(place)], half);
  }

  named(number) {
    this.wanted = number;
    this.overview = number === this.data.saved.length || (number < 0 && this.overview);
    this.buttons.forEach((one, i) => one.setAttribute("aria-pressed", String(i === number || (number < 0 && this.overview && i === this.data.saved.length))));
    this.orbit.slack = this.overview ? ASIDE : 0;
    by("time").hidden = !this.overview || this.cameras.last < 1;
    if (!this.overview) this.stop();
    by("hint").classList.toggle("gone", number < 0);
  }

  look(pose, moving) {
    this.pose = pose;
    this.moving = moving;
    this.paint();
  }

  /* -- time -- */

  at(moment) {
    this.moment = moment;
    by("moment").value = moment;
    const now = moment === this.cameras.last;
    by("step").textContent = now ? "now" : `step ${this.data.steps[moment].toLocaleString("en")}`;
    by("moment").setAttribute("aria-valuetext", by("step").textContent);
    this.paint();
  }

  play() {
    const first = this.moment === this.cameras.last ? 0 : this.moment, began = performance.now();
    this.playing = true;
    by("play").textContent = "Stop";
    const step = (now) => {
      if (!this.playing) return;
      const moment = Math.min(this.cameras.last, first + Math.floor(Math.max(0, now - began) / PLAYED * this.cameras.last));
      if (moment !== this.moment) this.at(moment);
      if (moment < this.cameras.last) requestAnimationFrame(step);
      else this.stop();
    };
    this.at(first);
    requestAnimationFrame(step);
  }

  stop() {
    this.playing = false;
    by("play").textContent = "Play";
  }

  /* -- hands -- */

  #listen(canvas) {
    const fingers = new Map();
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
    };
    canvas.onpointermove = (event) => {
      const before = fingers.get(event.pointerId), now = [event.clientX, event.clientY];
      if (!before) return;
      const apart = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]); };
      const old = fingers.size === 2 ? apart() : 0;
      fingers.set(event.pointerId, now);
      if (fingers.size === 2) this.nearer(old / Math.max(apart(), 1));
      else if (fingers.size === 1) this.turn((before[0] - now[0]) * this.#pace, (now[1] - before[1]) * this.#pace);
    };
    canvas.onpointerup = canvas.onpointercancel = (event) => {
      fingers.delete(event.pointerId);
      if (!fingers.size) this.look(this.pose, false);
    };
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.nearer(Math.exp(Math.max(-0.3, Math.min(0.3, event.deltaY * 0.001))));
      clearTimeout(this.resting);
      this.resting = setTimeout(() => this.look(this.pose, false), 150);
    }, { passive: false });
    const keys = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    canvas.onkeydown = (event) => {
      if (keys[event.key]) { event.preventDefault(); this.turn(keys[event.key][0] * TURN, keys[event.key][1] * TURN); }
      if ("+=".includes(event.key)) this.nearer(0.9);
      if (event.key === "-") this.nearer(1.1);
    };
    canvas.onkeyup = () => this.look(this.pose, false);
    document.addEventListener("keydown", (event) => {
      const number = Number(event.key) - 1;
      if (this.buttons[number] && !event.ctrlKey && !event.altKey && !event.metaKey) this.go(number);
    });
  }

  get #pace() { return this.orbit.reach / by("stage").clientWidth; }

  turn(right, up) { this.#moved(this.orbit.turned(this.pose, -right, -up)); }

  nearer(factor) { this.#moved(this.orbit.nearer(this.pose, factor)); }

  #moved(pose) {
    this.named(-1);
    delete document.body.dataset.view;
    this.look(pose, true);
  }

  /* -- painting -- */

  paint() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.#paint();
    });
  }

  #paint() {
    const began = performance.now();
    if (!this.moving) this.coarse = false;
    const scale = Math.min(devicePixelRatio, 2) * (this.coarse ? 0.5 : 1);
    this.#draw(this.scene.canvas, scale, (...view) => this.scene.draw(...view, !this.overview));
    if (this.overview) this.#draw(this.cameras.canvas, devicePixelRatio, (...view) => this.cameras.draw(...view, this.moment));
    else this.cameras.clear();
    document.body.dataset.ready = "true";
    if (!this.moving) return;
    requestAnimationFrame(() => { if (performance.now() - began > SLOW) this.coarse = true; });
  }

  #draw(canvas, scale, draw) {
    const stage = by("stage"), width = Math.max(1, Math.round(stage.clientWidth * scale));
    const height = Math.max(1, Math.round(stage.clientHeight * scale));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    draw(this.pose, this.#focal(width, height), this.#middle);
  }

  /* Pixels for a tangent of 1, so that the picture fills the stage. */
  #focal(width, height) { const [fx, fy] = this.data.sights[0].lens; return Math.max(width * fx, height * fy); }

  /* Tangents of the middle of the stage. */
  get #middle() { const [fx, fy, cx, cy] = this.data.sights[0].lens; return [(0.5 - cx) / fx, (0.5 - cy) / fy]; }
}

async function start() {
  const data = JSON.parse(by("data").textContent);
  by("title").textContent = data.title;
  for (const [label, value] of data.facts) {
    const row = document.createElement("div");
    row.append(...[["dt", label], ["dd", value]].map(([tag, textContent]) => Object.assign(document.createElement(tag), { textContent })));
    by("facts").append(row);
  }
  try {
    const whole = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
    const pictures = await Promise.all(data.sights.map((sight) =>
      createImageBitmap(new Blob([bytesOf(sight.picture)], { type: "image/webp" }), whole)));
    window.page = new Page(data, pictures);
  } catch (error) {
    console.warn(error);
    by("views").replaceChildren();
    new Film(data);
  }
}

start();
