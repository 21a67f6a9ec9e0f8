// What a switch did: for some seconds the virtual camera's picture from before stands beside that of now.

import { byId, decibels, write } from "./ask.js";

const STAYS = 15000; // ms
let known = null; // the facts that were painted last
let held = null; // those before the switch, while both pictures are shown
let line = null; // the time that is left of it

// To be called before the picture is exchanged.
export function drawBefore(facts) {
  const made = known !== null && facts.run === known.run && facts.switched.count > known.switched.count;
  const place = facts.view.virtual?.place; // what was painted before may know an older one
  if (made) hold({ ...known, place }, facts.switched.said);
  else if (held && (facts.run !== held.run || place !== held.place)) release();
  if (held) tell(facts);
  known = facts;
}

function hold(before, said) {
  release();
  held = before;
  const [now, picture] = [byId("pip-picture"), byId("pip-before").querySelector("canvas")];
  Object.assign(picture, { width: now.naturalWidth, height: now.naturalHeight });
  if (now.naturalWidth) picture.getContext("2d").drawImage(now, 0, 0);
  byId("switch-words").hidden = false;
  write("switch-words", said);
  line = byId("switch-words").animate([{ backgroundSize: "100% 2px" }, { backgroundSize: "0% 2px" }], STAYS);
  line.onfinish = release;
}

function release() {
  if (line) line.onfinish = null;
  line?.cancel();
  held = line = null;
  for (const id of ["pip-before", "pip-now", "switch-words"]) byId(id).hidden = true;
}

// A new field is seen forming side by side with the planes, and not here. Quality is that of learned pixels; of
// other sizes it says nothing about the switch.
function tell({ psnr, psnr_at: size, sides }) {
  const there = String(sides) === String(held.sides) && byId("pip-picture").naturalWidth > 0;
  byId("pip-before").hidden = byId("pip-now").hidden = !there;
  const same = size === held.psnr_at && psnr !== null && held.psnr !== null;
  byId("pip-before").querySelector("b").textContent = same ? `Before ${decibels(held.psnr)}` : "Before";
  write("pip-now", same ? `Now ${decibels(psnr)}` : "Now");
}
