// What the page asks of the studio.

export const byId = (id) => document.getElementById(id);

export function post(path, body) {
  const request = { method: "POST" };
  if (body !== undefined) {
    request.body = JSON.stringify(body);
    request.headers = { "Content-Type": "application/json" };
  }
  return fetch(path, request).catch(() => null); // a lost connection is shown elsewhere
}

export const configure = (changes) => post("configure", changes);

// A click on a widget that Gradio owns, by its id.
export function press(id) {
  byId(id)?.click();
}

// Texts change only where they differ, so that nothing is selected away or laid out again.
export function write(id, text) {
  const element = byId(id);
  if (element && element.textContent !== text) element.textContent = text;
}

export function make(tag, classes, text) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  if (text !== undefined) element.textContent = text;
  return element;
}

export function clock(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const tail = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

export const decibels = (value) => (value === null ? "–" : `${value.toFixed(1)} dB`);
export const grouped = (number) => number.toLocaleString("en-US");
