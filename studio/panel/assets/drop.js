// Photos may be dropped anywhere on the page, the scene included: files, folders, a zip, a video. They go
// through the one place to upload; meanwhile they are seen.

import { byId, make, write } from "./ask.js";
import { openTab } from "./tabs.js";

const PICTURE = /\.(png|jpe?g|webp)$/i; // that a browser can show
const USABLE = /\.(png|jpe?g|webp|tiff?|hei[cf]|mp4|mov|m4v|3gp|avi|mkv|webm|(m2?)?ts|gif|zip)$/i;
const CAMERAS = /^(transforms[\w.-]*\.json|poses_bounds\.npy|.+\.(npz|tum)|(cameras|images|points3d)\.(bin|txt)|((camera|keyframe)?trajectory|groundtruth)[\w.-]*\.txt)$/i;
const MOST_SHOWN = 60;
let depth = 0; // of nested enter events
let sentKey = null; // of the photos that were there when some were sent

// The files of a drop; those of folders, too, to any depth.
async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  return (await Promise.all(entries.map(within))).flat();
}

async function within(entry) {
  if (entry.isFile) return new Promise((done) => entry.file((file) => done([file]), () => done([])));
  const [reader, found] = [entry.createReader(), []];
  for (;;) {
    const some = await new Promise((done) => reader.readEntries(done, () => done([])));
    if (!some.length) break; // it gives at most 100 at a time
    found.push(...some);
  }
  const files = (await Promise.all(found.map(within))).flat();
  return files.filter((file) => (USABLE.test(file.name) || CAMERAS.test(file.name) || file.type.startsWith("image/")) && !file.name.startsWith("."));
}

async function take(event) {
  event.preventDefault();
  event.stopPropagation();
  cover(false);
  const files = await filesOf(event.dataTransfer);
  if (!files.length) return complain("That folder holds no photo, video, cameras or zip.");
  const input = document.querySelector("#drop input[type=file]");
  if (!input) return complain("Photos are still on their way; drop these once they are here.");
  const all = new DataTransfer();
  for (const file of files) all.items.add(file);
  input.files = all.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

// Thumbnails of what is on its way, from the files themselves.
function preview({ target }) {
  if (!target.matches?.("#drop input[type=file]") || !target.files.length) return;
  const files = [...target.files];
  openTab(byId("tab-photos-button"));
  sentKey = byId("photos").dataset.key ?? null;
  clear();
  const shown = files.filter((file) => PICTURE.test(file.name)).slice(0, MOST_SHOWN);
  byId("incoming-photos").replaceChildren(...shown.map((file) => {
    const image = make("img");
    Object.assign(image, { alt: file.name, src: URL.createObjectURL(file) });
    return image;
  }));
  complain("");
  write("incoming-words", files.length === 1 ? `${files[0].name} is on its way.` : `${files.length} files are on their way.`);
  byId("incoming").hidden = false;
}

function clear() {
  for (const image of byId("incoming-photos").children) URL.revokeObjectURL(image.src);
  byId("incoming-photos").replaceChildren();
  byId("incoming").hidden = true;
}

function complain(words) {
  write("incoming-complaint", words);
}

// They have come when other photos are there; or they were refused, or this run was kept.
export function drawIncoming({ key, photos }) {
  const now = `${key} ${photos.length}`;
  sentKey ??= now; // some were sent before the page knew which were there
  if (!byId("incoming").hidden && now !== sentKey) clear();
}

function cover(shown) {
  depth = shown ? depth : 0;
  byId("dropping").hidden = !shown;
}

const bringsFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");

function listen(place) {
  place.addEventListener("dragenter", (event) => {
    if (!bringsFiles(event)) return;
    depth += 1;
    cover(true);
  });
  place.addEventListener("dragleave", (event) => {
    if (bringsFiles(event) && (depth -= 1) <= 0) cover(false);
  });
  place.addEventListener("dragover", (event) => bringsFiles(event) && event.preventDefault(), true);
  place.addEventListener("drop", (event) => bringsFiles(event) && take(event), true);
}

export function wireDrop() {
  listen(window);
  document.addEventListener("change", preview, true);
  document.addEventListener("click", ({ target }) => target.id === "action-keep" && clear(), true);
  new MutationObserver(() => byId("drop-complaint")?.textContent.trim() && clear())
    .observe(byId("tab-photos"), { childList: true, subtree: true, characterData: true });
}

export const listenInside = (frame) => frame.contentWindow && listen(frame.contentWindow);
