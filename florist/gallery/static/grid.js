// The grid: every row has a shell of a fixed height; what is in or near the window is filled, all else is empty.

const GLYPHS = { picked: '✓', rejected: '✕' };
const sheet = $('sheet');
const scroller = $('scroller');
let current = null; // the cell that keys act on
const chosen = new Set(); // for comparing

function cellElement(cell) {
  return cell.element && cell.element.isConnected ? cell.element : null;
}

function whyMissing(cell) {
  return el('div', { class: 'why' },
    el('strong', {}, cell.reason.replaceAll('_', ' ') || cell.state),
    cell.message ? el('p', { dir: 'auto' }, cell.message) : null,
    cell.advice ? el('p', { class: 'advice' }, prose(cell.advice)) : null);
}

function frame(cell) {
  const shown = cell.media.slice(0, 4);
  if (!shown.length) return el('div', { class: 'frame is-empty' }, whyMissing(cell));
  const tiles = shown.map((media, number) => {
    const holder = el('div', { class: `tile is-${media.kind}` }, tile(media, `${cellLabel(cell)}, ${media.outputId}`));
    holder.dataset.media = number;
    return holder;
  });
  const more = cell.media.length - shown.length;
  return el('div', { class: `frame has-${shown.length}` }, tiles, more ? el('span', { class: 'more-outputs' }, `+${more}`) : null);
}

function caption(cell) {
  const stands = cell.pick;
  const words = cell.state === 'kept' ? (cell.media.length > 1 ? `${cell.media.length} outputs` : '') : cell.state;
  const paid = cell.charged !== null && Number(cell.charged) > 0;
  return el('div', { class: 'caption' },
    GLYPHS[stands.verdict] ? el('span', { class: 'mark' }, GLYPHS[stands.verdict]) : null,
    stands.stars ? el('span', { class: 'stars', 'aria-label': `${stands.stars} stars`, role: 'img' }, '★'.repeat(stands.stars)) : null,
    stands.note ? el('span', { class: 'noted', title: stands.note }, '✎') : null,
    el('span', { class: 'name', dir: 'auto' }, words),
    el('span', { class: paid ? 'price' : 'price is-asked', title: paid ? 'charged' : 'the price of a run' }, usd(paid ? cell.charged : cell.price)));
}

function described(cell) {
  const stands = cell.pick;
  const parts = [cellLabel(cell), cell.state];
  if (stands.verdict !== 'open') parts.push(stands.verdict);
  if (stands.stars) parts.push(`${stands.stars} stars`);
  if (cell.reason) parts.push(cell.reason.replaceAll('_', ' '));
  return parts.join(', ');
}

function classesOf(cell) {
  return [
    'cell', `is-${cell.state.replaceAll(' ', '-')}`, `is-${cell.pick.verdict}`,
    isPickable(cell) && cell.row.gate ? 'is-candidate' : '',
    cell.isMatch === false ? 'is-dim' : '', chosen.has(cell) ? 'is-chosen' : '', cell === current ? 'is-current' : '',
  ].filter(Boolean).join(' ');
}

function drawCell(cell) {
  const made = el('div', { class: classesOf(cell), role: 'gridcell', tabIndex: cell === current ? 0 : -1, 'aria-label': described(cell), 'aria-colindex': cell.column.number + 2 }, frame(cell), caption(cell));
  made.style.gridColumn = cell.column.number + 2;
  made.cell = cell;
  cell.element = made;
  return made;
}

function refresh(cell) {
  const there = cellElement(cell);
  if (!there) return;
  there.className = classesOf(cell);
  there.tabIndex = cell === current ? 0 : -1;
  there.setAttribute('aria-label', described(cell));
  there.querySelector('.caption').replaceWith(caption(cell));
}

function rowWords(row) {
  const kept = row.cells.filter((cell) => cell.state === 'kept').length;
  const isShort = row.cells.some((cell) => MISSING.has(cell.state));
  const words = [el('span', { class: isShort ? 'count is-short' : 'count' }, `${kept} of ${row.cells.length}`)];
  if (row.gate) {
    const picked = pickedIn(row).length;
    const span = row.gate.min === row.gate.max ? `${row.gate.min}` : `${row.gate.min} to ${row.gate.max}`;
    words.push(el('span', { class: picked >= row.gate.min ? 'gate is-enough' : 'gate' }, `pick ${span}: ${picked} picked`));
  }
  return words;
}

const pickedIn = (row, gate = row.gate) => row.cells.filter((cell) => cell.pick.verdict === 'picked' && (!gate || cell.step === gate.step));

function refreshRow(row) {
  row.words.replaceChildren(...rowWords(row));
}

function shell(row) {
  row.words = el('div', { class: 'row-words' }, rowWords(row));
  const strips = [el('div', { class: 'strip', role: 'row', 'aria-rowindex': row.number + 2 },
    el('div', { class: 'row-head', role: 'rowheader' }, el('span', { class: 'key', dir: 'auto' }, rowName(row)), row.words))];
  if (raw.against) {
    strips.push(el('div', { class: 'strip is-against', role: 'row' },
      el('div', { class: 'row-head', role: 'rowheader' }, el('span', { class: 'against-name' }, 'in ', bdi(raw.against)))));
  }
  const made = el('div', { class: raw.against ? 'row is-double' : 'row', role: 'rowgroup' }, strips);
  made.row = row;
  row.element = made;
  row.isFilled = false;
  return made;
}

function fill(row) {
  if (row.isFilled) return;
  row.isFilled = true;
  const [strip, against] = row.element.children;
  strip.append(...row.cells.map(drawCell));
  if (against) against.append(...row.against.map(drawCell));
}

function empty(row) {
  const isInUse = row.element.contains(document.activeElement) || [...row.element.querySelectorAll('video, audio')].some((player) => !player.paused);
  if (!row.isFilled || isInUse || (current && current.row === row)) return;
  row.element.querySelectorAll('img, canvas').forEach(letGo);
  for (const cell of [...row.cells, ...row.against]) cell.element = null;
  // A new shell: of one that is out of the window, Chromium keeps the layout, and with it all that was in it.
  const before = row.element;
  near.unobserve(before);
  before.replaceWith(shell(row));
  row.element.hidden = before.hidden;
  near.observe(row.element);
}

const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) (isIntersecting ? fill : empty)(target.row);
}, { root: scroller, rootMargin: '600px 0px' });

function columnHeads() {
  const cells = columns.map((column) => {
    const own = allCells.filter((cell) => cell.column === column);
    const kept = own.filter((cell) => cell.state === 'kept').length;
    const axes = Object.entries(column.axes).map(([axis, value]) => el('span', { class: 'axis' }, `${axis} `, el('b', { dir: 'auto' }, value)));
    const made = el('div', { role: 'columnheader', class: 'column-head', 'aria-colindex': column.number + 2 },
      el('span', { class: 'step', dir: 'auto' }, column.step), axes, el('span', { class: 'count' }, kept === own.length ? kept.toLocaleString() : `${kept.toLocaleString()} of ${own.length.toLocaleString()}`, sum(own) ? ` · ${usd(sum(own).toFixed(2))}` : ''));
    made.style.gridColumn = column.number + 2;
    return made;
  });
  return el('div', { class: 'column-heads', role: 'row', 'aria-rowindex': 1 }, el('div', { role: 'columnheader', class: 'corner' }, 'Row'), cells);
}

function drawGrid() {
  sheet.style.setProperty('--columns', columns.length);
  sheet.setAttribute('aria-rowcount', rows.length + 1);
  sheet.setAttribute('aria-colcount', columns.length + 1);
  const all = rows.map(shell);
  sheet.replaceChildren(el('div', { role: 'rowgroup', class: 'heads' }, columnHeads()), ...all);
  for (const made of all) near.observe(made);
}

function makeCurrent(cell, { isFocused = true } = {}) {
  if (!cell) return;
  const before = current;
  current = cell;
  if (before && before !== cell) { refresh(before); }
  fill(cell.row);
  refresh(cell);
  if (isFocused) {
    cell.element.focus({ preventScroll: true });
    cell.element.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }
}

sheet.addEventListener('click', (event) => {
  const holder = event.target.closest('.cell');
  if (!holder) return;
  makeCurrent(holder.cell, { isFocused: !event.target.closest('video, audio, a') });
  if (event.target.closest('video, audio, a')) return;
  const at = event.target.closest('.tile');
  if (at && at.classList.contains('is-picture')) zoom(holder.cell, Number(at.dataset.media));
  else if (event.target.closest('.frame')) showDetails(holder.cell);
  else showDetails(holder.cell);
});
