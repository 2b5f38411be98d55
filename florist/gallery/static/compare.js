// Compares two or four pictures side by side; zoom and place are the same in all of them.

let panes = [];
let active = 0;
const view = { scale: 1, x: 0, y: 0 };

function candidatesFor(cell) {
  if (chosen.size > 1) return [...chosen];
  const likes = cell.row.cells.filter((each) => each.step === cell.step && each.media.some((media) => media.kind === 'picture'));
  const beside = raw.against ? cell.row.against.filter((each) => each.name === cell.name && each.media.length) : [];
  const found = beside.length ? [cell, ...beside] : [cell, ...likes.filter((each) => each !== cell)];
  return found.slice(0, found.length < 4 ? 2 : 4);
}

function compare(cell) {
  const cells = candidatesFor(cell).filter((each) => each.media.some((media) => media.kind === 'picture'));
  if (cells.length < 2) { say('To compare, choose two or four pictures with the space bar', true); return; }
  Object.assign(view, { scale: 1, x: 0, y: 0 });
  active = 0;
  panes = cells.map((each, number) => {
    const image = picture(each.media.find((media) => media.kind === 'picture'), true);
    const words = el('div', { class: 'pane-words' });
    const glass = el('div', { class: 'glass' }, image);
    const pane = el('div', { class: 'pane', tabIndex: 0, role: 'group', 'aria-label': cellLabel(each), on: { focus: () => activate(number), pointerdown: (event) => drag(event, glass), dblclick: () => turnTo(view.scale > 1 ? 1 : 3) } }, glass, words);
    pane.addEventListener('wheel', (event) => { event.preventDefault(); zoomAt(event, glass, Math.exp(-event.deltaY / 400)); }, { passive: false });
    return { cell: each, image, pane, words };
  });
  const dialog = $('compare');
  dialog.replaceChildren(
    el('div', { class: `compare-grid has-${panes.length}` }, panes.map(({ pane }) => pane)),
    el('footer', {}, el('span', {}, 'Wheel or + − zooms all, drag moves all, 0 fits · ← → chooses · P X U 1–5 · Esc'),
      el('button', { type: 'button', class: 'close', 'aria-label': 'Close', on: { click: () => dialog.close() } }, '✕')));
  dialog.showModal();
  drawCompareWords();
  activate(0);
}

function activate(number) {
  active = number;
  panes.forEach(({ pane }, place) => pane.classList.toggle('is-active', place === number));
  if (document.activeElement !== panes[number].pane) panes[number].pane.focus();
}

function drawCompareWords() {
  for (const { cell, pane, words } of panes) {
    pane.classList.toggle('is-picked', cell.pick.verdict === 'picked');
    pane.classList.toggle('is-rejected', cell.pick.verdict === 'rejected');
    words.replaceChildren(el('span', { dir: 'auto' }, cellLabel(cell)), el('b', {}, ` ${GLYPHS[cell.pick.verdict] || ''} ${'★'.repeat(cell.pick.stars)}`));
  }
}

function drawView() {
  for (const { image } of panes) image.style.transform = `translate(${view.x * 100}%, ${view.y * 100}%) scale(${view.scale})`;
}

function turnTo(scale) {
  const factor = scale / view.scale;
  view.scale = scale;
  view.x *= factor; view.y *= factor;
  if (scale === 1) { view.x = 0; view.y = 0; }
  drawView();
}

// The place under the pointer stays where it is. Places are shares of a pane, so that they are the same in all.
function zoomAt(event, glass, factor) {
  const box = glass.getBoundingClientRect();
  const scale = Math.min(16, Math.max(1, view.scale * factor));
  const at = { x: (event.clientX - box.left) / box.width - 0.5, y: (event.clientY - box.top) / box.height - 0.5 };
  const by = scale / view.scale;
  view.x = scale === 1 ? 0 : at.x - (at.x - view.x) * by;
  view.y = scale === 1 ? 0 : at.y - (at.y - view.y) * by;
  view.scale = scale;
  drawView();
}

function drag(event, glass) {
  if (event.button !== 0) return;
  const box = glass.getBoundingClientRect();
  const start = { x: event.clientX, y: event.clientY, at: { ...view } };
  const move = (moved) => {
    view.x = start.at.x + (moved.clientX - start.x) / box.width;
    view.y = start.at.y + (moved.clientY - start.y) / box.height;
    drawView();
  };
  glass.setPointerCapture(event.pointerId);
  glass.addEventListener('pointermove', move);
  glass.addEventListener('pointerup', () => glass.removeEventListener('pointermove', move), { once: true });
}

function compareKey(event) {
  const { key } = event;
  if (key === '+' || key === '=') turnTo(Math.min(16, view.scale * 1.5));
  else if (key === '-') turnTo(Math.max(1, view.scale / 1.5));
  else if (key === '0') turnTo(1);
  else if (key === 'ArrowRight' || key === 'ArrowDown') activate((active + 1) % panes.length);
  else if (key === 'ArrowLeft' || key === 'ArrowUp') activate((active + panes.length - 1) % panes.length);
  else if (!pickKey(event, panes[active].cell)) return false;
  return true;
}

$('compare').addEventListener('close', () => {
  const last = panes[active];
  panes = [];
  $('compare').replaceChildren();
  if (last) makeCurrent(last.cell);
});
