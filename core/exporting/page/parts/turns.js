"use strict";
/* Vectors are arrays of 3; poses are camera to world, 3 x 4 row by row, OpenCV axes: x right, y down, z forward. */

const add = (a, b, s = 1) => [a[0] + s * b[0], a[1] + s * b[1], a[2] + s * b[2]];
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const length = (a) => Math.hypot(a[0], a[1], a[2]);
const unit = (a) => add([0, 0, 0], a, 1 / Math.max(length(a), 1e-12));
const between = (a, b) => Math.acos(Math.min(1, Math.max(-1, dot(unit(a), unit(b)))));
const axis = (pose, i) => [pose[i], pose[4 + i], pose[8 + i]];
const place = (pose) => axis(pose, 3);
const posed = (x, y, z, c) => [x[0], y[0], z[0], c[0], x[1], y[1], z[1], c[1], x[2], y[2], z[2], c[2]];

/* A vector turned about a unit axis (Rodrigues). */
function turned(v, about, angle) {
  const c = Math.cos(angle), s = Math.sin(angle);
  return add(add(add([0, 0, 0], v, c), cross(about, v), s), about, (1 - c) * dot(about, v));
}

/* A pose turned about an axis through a point. */
function poseTurned(pose, point, about, angle) {
  const [x, y, z] = [0, 1, 2].map((i) => turned(axis(pose, i), about, angle));
  return posed(x, y, z, add(point, turned(add(place(pose), point, -1), about, angle)));
}

/* The axis and angle that turn one pose's axes into another's. */
function turnBetween(from, to) {
  const r = [0, 1, 2].map((i) => [0, 1, 2].map((j) =>
    [0, 1, 2].reduce((sum, k) => sum + to[4 * i + k] * from[4 * j + k], 0)));
  const angle = Math.acos(Math.min(1, Math.max(-1, (r[0][0] + r[1][1] + r[2][2] - 1) / 2)));
  const about = [r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1]];
  return length(about) < 1e-9 ? [[0, 1, 0], angle < 1 ? 0 : angle] : [unit(about), angle];
}

/* A pose on the way from one to another; both look at about the same point, around which it goes. */
function poseBetween(from, to, part, point) {
  const [about, angle] = turnBetween(from, to);
  const [x, y, z] = [0, 1, 2].map((i) => turned(axis(from, i), about, angle * part));
  const reached = add(point, turned(add(place(from), point, -1), about, angle * part));
  const short = add(place(to), add(point, turned(add(place(from), point, -1), about, angle)), -1);
  return posed(x, y, z, add(reached, short, part));
}
