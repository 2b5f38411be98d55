// The keyboard: everything that picking needs, without a pointer.

const KEYS = [
  ['← ↑ → ↓', 'move; Home and End, Page up and Page down'],
  ['Enter', 'zoom, play, or read'], ['I', 'what made it, and of what'],
  ['P', 'pick'], ['X', 'reject'], ['U', 'undo the last decision'], ['1 – 5', 'stars; 0 takes them away'], ['N', 'note; Enter keeps it, Shift Enter is a new line'],
  ['Space', 'choose for comparing'], ['C', 'compare two or four, with zoom in step'],
  ['/', 'search'], ['?', 'these keys'], ['Esc', 'close'],
];

async function help() {
  const box = el('input', { type: 'checkbox', checked: isAdvancing });
  await ask('Keys', [
    el('dl', { class: 'keys' }, KEYS.map(([key, words]) => [el('dt', {}, el('kbd', {}, key)), el('dd', {}, words)])),
    el('label', {}, box, ' After P and X go on to the next that is not decided'),
  ], [['', 'Close', 'is-main']]);
  isAdvancing = box.checked;
  remember('advance', isAdvancing);
}

const lines = () => shownRows.flatMap((row) => (raw.against ? [row.cells, row.against] : [row.cells])).filter((line) => line.length);

function nearest(line, number) {
  return line.reduce((best, cell) => (Math.abs(cell.column.number - number) < Math.abs(best.column.number - number) ? cell : best));
}

function moved(key) {
  const all = lines();
  if (!all.length) return null;
  const at = all.findIndex((line) => line.includes(current));
  if (at < 0) return all[0][0];
  const line = all[at];
  const place = line.indexOf(current);
  const page = Math.max(1, Math.floor(scroller.clientHeight / current.row.element.offsetHeight) - 1);
  const jump = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page }[key];
  if (jump) return nearest(all[Math.min(all.length - 1, Math.max(0, at + jump))], current.column.number);
  const to = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: line.length - 1 }[key];
  return line[Math.min(line.length - 1, Math.max(0, to))];
}

function open(cell) {
  const number = cell.media.findIndex((media) => media.kind === 'picture');
  const player = cellElement(cell)?.querySelector('video[controls], audio');
  const still = cellElement(cell)?.querySelector('.film');
  if (number >= 0) zoom(cell, number);
  else if (still && !player) still.play();
  else if (player) { if (player.paused) player.play(); else player.pause(); } else showDetails(cell);
}

function choose(cell) {
  if (!cell.media.some((media) => media.kind === 'picture')) { say('Pictures alone can be compared', true); return; }
  if (chosen.has(cell)) chosen.delete(cell);
  else if (chosen.size < 4) chosen.add(cell);
  else { say('Four at most', true); return; }
  refresh(cell);
  say(chosen.size ? `${chosen.size} chosen; C compares` : 'None chosen');
}

function gridKey(event) {
  const { key } = event;
  if (/^(Arrow|Home|End|Page)/.test(key)) { makeCurrent(moved(key)); return true; }
  if (!current) return false;
  if (key === 'Enter') { open(current); return true; }
  if (key === ' ') { choose(current); return true; }
  if (key.toLowerCase() === 'i') { showDetails(current); return true; }
  if (key.toLowerCase() === 'c') { compare(current); return true; }
  if (key === 'Escape' && chosen.size) { const all = [...chosen]; chosen.clear(); all.forEach(refresh); return true; }
  return pickKey(event, current);
}

function detailsKey(event) {
  if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
    const all = lines().flat();
    const next = all[all.indexOf(detailed) + (event.key === 'ArrowRight' ? 1 : -1)];
    if (next) showDetails(next);
    return Boolean(next);
  }
  return pickKey(event, detailed);
}

document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const { target, key } = event;
  if (target.closest('input, textarea, select') || $('message').open || zoomed) return;
  if (target.closest('video, audio') && /^(Arrow| |Enter|Home|End)/.test(key)) return;
  if (target.closest('button, a') && /^( |Enter)$/.test(key)) return;
  let isDone = false;
  if ($('compare').open) isDone = compareKey(event);
  else if ($('details').open) isDone = detailsKey(event);
  else if (key === '/') { $('search').focus(); isDone = true; }
  else if (key === '?') { help(); isDone = true; }
  else if (target.closest('#sheet') || target === document.body) isDone = gridKey(event);
  if (isDone) event.preventDefault();
});

$('search').addEventListener('keydown', (event) => {
  if (event.key === 'Escape' || event.key === 'Enter') {
    if (event.key === 'Escape') { event.target.value = ''; event.target.dispatchEvent(new Event('input')); }
    if (current) makeCurrent(current);
    event.preventDefault();
  }
});
$('help').addEventListener('click', help);
