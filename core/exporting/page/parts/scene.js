/* Draws the scene with WebGL 2: photos' surfaces give the depth of a view, the photos seen from nearest it its colours
   (Buehler et al., Unstructured Lumigraph Rendering, SIGGRAPH 2001). */

const MIXED = 5; // pictures of a view
const STEEP = 0.06; // relative jump of inverse depth between neighbours that is no surface
const NEAR = 0.02; // of the target's distance: nothing nearer is drawn

const SURFACE = `#version 300 es
uniform vec3 centre, right, down, forward; uniform vec4 lens; uniform float near; in vec3 point;
void main() {
  vec3 p = point - centre; float z = dot(p, forward);
  gl_Position = vec4(lens.x * dot(p, right) + lens.z * z, -lens.y * dot(p, down) - lens.w * z, z - 2. * near, z);
}`;
const NOTHING = `#version 300 es
void main() {}`;
const SCREEN = `#version 300 es
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4. - 1., 0, 1); }`;
const MIX = `#version 300 es
precision highp float; precision highp int; precision highp sampler2DArray;
uniform vec3 centre, right, down, forward, ground; uniform vec4 lens; uniform float near; uniform vec2 size;
uniform sampler2D solid, stretched; uniform sampler2DArray pictures, depths;
uniform int count; uniform int layers[${MIXED}]; uniform float shares[${MIXED}];
uniform float unit; uniform mat3 turns[${MIXED}]; uniform vec3 places[${MIXED}]; uniform vec4 lenses[${MIXED}]; uniform vec2 grid;
out vec4 colour;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  float depth = texelFetch(solid, at, 0).r;
  if (depth == 1.) depth = texelFetch(stretched, at, 0).r;
  colour = vec4(ground, 1);
  if (depth == 0. || depth == 1.) return;
  vec2 ndc = gl_FragCoord.xy / size * 2. - 1.;
  vec3 ray = forward + right * (ndc.x - lens.z) / lens.x - down * (ndc.y + lens.w) / lens.y;
  vec3 point = centre + ray * near / (1. - depth);
  vec3 sum = vec3(0); float total = 0.;
  for (int i = 0; i < ${MIXED}; i++) {
    if (i >= count) break;
    vec3 p = (point - places[i]) * turns[i];
    vec2 uv = lenses[i].xy * p.xy / p.z + lenses[i].zw, edge = min(uv, 1. - uv);
    float inside = min(edge.x, edge.y);
    if (p.z <= 0. || inside < 0.) continue;
    float off = p.z / unit * textureLod(depths, vec3((uv * (grid - 1.) + .5) / grid, layers[i]), 0.).r - 1.;
    float agree = exp(-off * off / .0036) + (off < -.04 ? .0005 : .01);
    float away = 2. - 2. * dot(normalize(point - places[i]), normalize(point - centre)) + 4e-6;
    float weight = shares[i] * agree * clamp(inside * 24., .002, 1.) / (away * sqrt(away));
    sum += weight * textureLod(pictures, vec3(uv, layers[i]), 0.).rgb; total += weight;
  }
  if (total > 0.) colour.rgb = sum / total;
}`;

class Scene {
  /* Throws where the browser cannot. */
  constructor(canvas, data, pictures) {
    const gl = canvas.getContext("webgl2", { antialias: false, alpha: false, powerPreference: "low-power" });
    if (!gl) throw new Error("no WebGL 2");
    Object.assign(this, { gl, canvas, data });
    this.surface = this.#program(SURFACE, NOTHING);
    this.mix = this.#program(SCREEN, MIX);
    const inverses = data.sights.map((sight) => this.#inverse(sight));
    this.meshes = data.sights.map((sight, i) => this.#mesh(sight, inverses[i]));
    const [columns, rows] = data.grid;
    this.pictures = this.#array(gl.RGBA8, pictures[0].width, pictures[0].height, gl.RGBA, gl.UNSIGNED_BYTE, pictures);
    this.depths = this.#array(gl.R16F, columns, rows, gl.RED, gl.FLOAT, inverses.map((one) => one.map((v) => v * this.#far())));
    this.solid = this.#target();
    this.stretched = this.#target();
  }

  #far() { return length(add(place(this.data.sights[0].pose), this.data.target, -1)); } // half floats are best near 1

  #program(vertex, fragment) {
    const gl = this.gl, program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.bindAttribLocation(program, 0, "point");
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) || "no shader");
    return { program, at: (name) => gl.getUniformLocation(program, name) };
  }

  #inverse(sight) {
    const bytes = bytesOf(sight.depth), view = new DataView(bytes.buffer);
    return Float32Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true) * sight.unit);
  }

  /* Corners in the world; triangles that are surfaces first, then all. */
  #mesh(sight, inverse) {
    const gl = this.gl, [columns, rows] = this.data.grid, [fx, fy, cx, cy] = sight.lens, p = sight.pose;
    const points = new Float32Array(3 * columns * rows);
    for (let i = 0; i < inverse.length; i++) {
      const z = 1 / inverse[i], x = ((i % columns) / (columns - 1) - cx) / fx * z;
      const y = (Math.floor(i / columns) / (rows - 1) - cy) / fy * z;
      for (let k = 0; k < 3; k++) points[3 * i + k] = p[4 * k] * x + p[4 * k + 1] * y + p[4 * k + 2] * z + p[4 * k + 3];
    }
    const quads = (columns - 1) * (rows - 1), indices = new Uint32Array(12 * quads);
    let solid = 0, all = 6 * quads; // surfaces from the front, all from the middle
    const take = (i, j, k) => {
      const most = Math.max(inverse[i], inverse[j], inverse[k]), least = Math.min(inverse[i], inverse[j], inverse[k]);
      indices.set([i, j, k], all);
      all += 3;
      if (most - least >= STEEP * most) return;
      indices.set([i, j, k], solid);
      solid += 3;
    };
    for (let r = 0; r < rows - 1; r++) for (let c = 0; c < columns - 1; c++) {
      const i = r * columns + c;
      take(i, i + 1, i + columns);
      take(i + 1, i + 1 + columns, i + columns);
    }
    const vao = gl.createVertexArray();
    gl.bindVertexArray(vao);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, points, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 3, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, indices, gl.STATIC_DRAW);
    return { vao, solid, all: 6 * quads };
  }

  #array(kind, width, height, format, type, layers) {
    const gl = this.gl, texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture);
    gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 1, kind, width, height, layers.length);
    layers.forEach((layer, i) => gl.texSubImage3D(gl.TEXTURE_2D_ARRAY, 0, 0, 0, i, width, height, 1, format, type, layer));
    this.#plain(gl.TEXTURE_2D_ARRAY, gl.LINEAR);
    return texture;
  }

  #plain(kind, filter) {
    const gl = this.gl;
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(kind, name, filter);
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(kind, name, gl.CLAMP_TO_EDGE);
  }

  #target() { return { texture: this.gl.createTexture(), frame: this.gl.createFramebuffer(), size: "" }; }

  #sized(target, width, height) {
    const gl = this.gl;
    gl.bindFramebuffer(gl.FRAMEBUFFER, target.frame);
    if (target.size === `${width}x${height}`) return;
    target.size = `${width}x${height}`;
    gl.bindTexture(gl.TEXTURE_2D, target.texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.DEPTH_COMPONENT24, width, height, 0, gl.DEPTH_COMPONENT, gl.UNSIGNED_INT, null);
    this.#plain(gl.TEXTURE_2D, gl.NEAREST);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.TEXTURE_2D, target.texture, 0);
    gl.drawBuffers([gl.NONE]);
  }

  /* The pictures seen from nearest a view, and how much each counts: less, the nearer it is to being left out. */
  #chosen(pose) {
    const target = this.data.target, from = add(place(pose), target, -1);
    const scored = this.data.sights.map((sight, i) => {
      const there = add(place(sight.pose), target, -1);
      const nearer = Math.abs(Math.log(length(there) / length(from)));
      return [between(from, there) + 0.5 * between(axis(pose, 2), axis(sight.pose, 2)) + 0.2 * nearer + 1e-6, i];
    }).sort((a, b) => a[0] - b[0]);
    const next = scored.length > MIXED ? scored[MIXED][0] : Infinity;
    return scored.slice(0, MIXED).map(([score, i]) => [i, Math.max(1e-3, 1 - score / next)]);
  }

  /* Draw what a pose sees through a lens: pixels for a tangent of 1, and the tangents of the middle.
     Args: whether gaps that no picture saw are closed, as nobody would notice. */
  draw(pose, focal, middle, closed) {
    const gl = this.gl, { width, height } = this.canvas, chosen = this.#chosen(pose);
    const x = 2 * focal / width, y = 2 * focal / height;
    const near = NEAR * length(add(place(pose), this.data.target, -1));
    const look = (of) => {
      gl.useProgram(of.program);
      [["right", 0], ["down", 1], ["forward", 2], ["centre", 3]].forEach(([name, i]) => gl.uniform3fv(of.at(name), axis(pose, i)));
      gl.uniform4f(of.at("lens"), x, y, -x * middle[0], -y * middle[1]);
      gl.uniform1f(of.at("near"), near);
    };
    gl.viewport(0, 0, width, height);
    look(this.surface);
    this.#surfaces(this.stretched, closed ? chosen : [], true);
    this.#surfaces(this.solid, chosen, false);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.disable(gl.DEPTH_TEST);
    look(this.mix);
    this.#mixed(chosen, width, height);
  }

  #surfaces(target, chosen, stretched) {
    const gl = this.gl;
    this.#sized(target, this.canvas.width, this.canvas.height);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(stretched ? gl.GREATER : gl.LESS); // behind what stands out lies what is beside it
    gl.clearDepth(stretched ? 0 : 1);
    gl.clear(gl.DEPTH_BUFFER_BIT);
    for (const [i] of chosen) {
      const mesh = this.meshes[i];
      gl.bindVertexArray(mesh.vao);
      gl.drawElements(gl.TRIANGLES, stretched ? mesh.all : mesh.solid, gl.UNSIGNED_INT, stretched ? 4 * mesh.all : 0);
    }
  }

  #mixed(chosen, width, height) {
    const gl = this.gl, of = this.mix, far = this.#far();
    const textures = [[gl.TEXTURE_2D, this.solid.texture, "solid"], [gl.TEXTURE_2D, this.stretched.texture, "stretched"],
      [gl.TEXTURE_2D_ARRAY, this.pictures, "pictures"], [gl.TEXTURE_2D_ARRAY, this.depths, "depths"]];
    textures.forEach(([kind, texture, name], i) => {
      gl.activeTexture(gl.TEXTURE0 + i);
      gl.bindTexture(kind, texture);
      gl.uniform1i(of.at(name), i);
    });
    gl.activeTexture(gl.TEXTURE0);
    const sights = chosen.map(([i]) => this.data.sights[i]);
    gl.uniform2f(of.at("size"), width, height);
    gl.uniform2fv(of.at("grid"), this.data.grid);
    gl.uniform3f(of.at("ground"), 0x12 / 255, 0x16 / 255, 0x1b / 255);
    gl.uniform1i(of.at("count"), chosen.length);
    gl.uniform1iv(of.at("layers"), chosen.map(([i]) => i));
    gl.uniform1fv(of.at("shares"), chosen.map(([, share]) => share));
    gl.uniform3fv(of.at("places"), sights.flatMap((sight) => place(sight.pose)));
    gl.uniform4fv(of.at("lenses"), sights.flatMap((sight) => sight.lens));
    gl.uniformMatrix3fv(of.at("turns"), false, sights.flatMap((sight) => [0, 1, 2].flatMap((i) => axis(sight.pose, i))));
    gl.uniform1f(of.at("unit"), far);
    gl.bindVertexArray(null);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
}
