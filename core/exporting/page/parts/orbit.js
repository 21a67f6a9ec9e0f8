/* Where one may stand: around the point that the cameras looked at, near the directions from which they did. */
class Orbit {
  constructor(data) {
    this.target = data.target;
    this.up = data.up;
    const offsets = data.sights.map((sight) => add(place(sight.pose), this.target, -1));
    this.directions = offsets.map(unit);
    const distances = offsets.map(length);
    this.nearest = 0.55 * Math.min(...distances);
    this.farthest = 1.25 * Math.max(...distances);
    const gaps = this.directions.map((d, i) => Math.min(...this.directions.map((e, j) => i === j ? 9 : between(d, e))));
    this.margin = Math.min(0.35, Math.max(0.06, ...gaps.filter((gap) => gap < 9)));
    this.slack = 0; // radians that one may stand beside
    const spans = this.directions.flatMap((d) => this.directions.map((e) => between(d, e)));
    this.reach = Math.max(...spans) + 2 * this.margin; // radians from one end to the other
  }

  /* How far outside of what was seen, in radians; 0 is inside. */
  outside(pose) {
    const from = unit(add(place(pose), this.target, -1));
    return Math.max(0, Math.min(...this.directions.map((d) => between(d, from))) - this.margin - this.slack);
  }

  /* The pose turned by angles to the right and up, as far as one may go; along the edge where it is reached. */
  turned(pose, right, up) {
    return this.#towards(this.#towards(pose, this.up, right), axis(pose, 0), up);
  }

  #towards(pose, about, angle) {
    const now = this.outside(pose);
    for (let part = 1; part > 0.05; part /= 2) {
      const next = poseTurned(pose, this.target, about, part * angle);
      if (this.outside(next) <= Math.max(now, 0)) return next;
    }
    return pose;
  }

  /* The pose nearer to the target or farther from it, times a factor. */
  nearer(pose, factor) {
    const offset = add(place(pose), this.target, -1), now = length(offset);
    const wanted = Math.min(Math.max(this.farthest, now), Math.max(Math.min(this.nearest, now), now * factor));
    const [x, y, z] = [0, 1, 2].map((i) => axis(pose, i));
    return posed(x, y, z, add(this.target, offset, wanted / now));
  }

  /* From behind, aside and above, as near as shows all points.
     Args: half the stage's width and height, as tangents. */
  overview(first, points, half) {
    let pose = poseTurned(poseTurned(first, this.target, axis(first, 0), -0.25), this.target, this.up, 0.3);
    const axes = [0, 1, 2].map((i) => axis(pose, i)), locals = points.map((p) => axes.map((a) => dot(a, p)));
    const ends = [0, 1, 2].map((i) => [Math.min(...locals.map((p) => p[i])), Math.max(...locals.map((p) => p[i]))]);
    const size = Math.max(...ends.map(([least, most]) => most - least)), middle = ends.map(([least, most]) => (least + most) / 2);
    let back = ends[2][0] - 20 * size;
    for (let part = 0; part < 60; part++) { // nearer, as long as all is seen
      const next = back + (ends[2][0] - back) * 0.1;
      if (locals.some((p) => [0, 1].some((i) => Math.abs(p[i] - middle[i]) > half[i] * (p[2] - next)))) break;
      back = next;
    }
    const at = axes.reduce((sum, a, i) => add(sum, a, i < 2 ? middle[i] : back), [0, 0, 0]);
    return posed(...axes, at);
  }
}
