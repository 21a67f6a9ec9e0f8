/* The learned cameras, drawn over the scene: where they stand at a moment, and how they came there. */
class Cameras {
  constructor(canvas, data) {
    const numbers = new Float32Array(bytesOf(data.poses).buffer), count = data.names.length;
    this.canvas = canvas;
    this.data = data;
    this.moments = Array.from({ length: numbers.length / 12 / count }, (_, t) =>
      Array.from({ length: count }, (_, i) => numbers.subarray(12 * (t * count + i), 12 * (t * count + i + 1))));
    const last = this.moments[this.last], places = last.map(place);
    const gaps = places.map((p, i) => Math.min(...places.map((q, j) => i === j ? Infinity : length(add(p, q, -1)))));
    const distance = length(add(places[0], data.target, -1));
    const gap = gaps.sort((a, b) => a - b)[gaps.length >> 1];
    this.size = Math.min(0.12 * distance, Number.isFinite(gap) ? Math.max(0.6 * gap, 0.03 * distance) : distance);
  }

  get last() { return this.moments.length - 1; }

  clear() { this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height); }

  /* Args: pose, pixels for a tangent of 1, tangents of the middle, and the moment. */
  draw(pose, focal, middle, moment) {
    const { width, height } = this.canvas, pen = this.canvas.getContext("2d"), near = 0.1 * this.size;
    const axes = [0, 1, 2].map((i) => axis(pose, i)), centre = place(pose);
    const local = (point) => { const d = add(point, centre, -1); return axes.map((a) => dot(a, d)); };
    const pixel = (p) => [width / 2 + focal * (p[0] / p[2] - middle[0]), height / 2 + focal * (p[1] / p[2] - middle[1])];
    const line = (a, b) => {
      let [from, to] = [local(a), local(b)];
      if (from[2] < near && to[2] < near) return;
      if (from[2] < near) from = add(from, add(to, from, -1), (near - from[2]) / (to[2] - from[2]));
      if (to[2] < near) to = add(to, add(from, to, -1), (near - to[2]) / (from[2] - to[2]));
      pen.moveTo(...pixel(from));
      pen.lineTo(...pixel(to));
    };
    const stroke = (lines, style, thick, alpha) => {
      pen.beginPath();
      for (const [a, b] of lines) line(a, b);
      Object.assign(pen, { strokeStyle: style, lineWidth: thick * devicePixelRatio, globalAlpha: alpha, lineJoin: "round" });
      pen.stroke();
    };
    this.clear();
    this.moments[moment].forEach((camera, i) => {
      const [red, green, blue] = this.data.colours[i], style = `rgb(${red},${green},${blue})`;
      const trail = this.moments.slice(1, moment + 1).map((now, t) => [place(this.moments[t][i]), place(now[i])]);
      stroke(trail, style, 1, 0.35);
      const edges = this.#edges(camera, this.data.frames[i]);
      stroke(edges, "#12161b", 3.5, 0.6);
      stroke(edges, style, 1.6, 1);
    });
  }

  #edges(camera, [fx, fy]) {
    const centre = place(camera), [x, y, z] = [0, 1, 2].map((i) => axis(camera, i)), size = this.size;
    const corner = (u, v) => add(add(add(centre, z, size), x, size * u / fx / 2), y, size * v / fy / 2);
    const corners = [corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)];
    return corners.flatMap((c, i) => [[centre, c], [c, corners[(i + 1) % 4]]]);
  }
}
