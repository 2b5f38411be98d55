// Which rows are shown, and in which order.

const FILTERS = [
  ['all', 'All', () => true],
  ['missing', 'Missing', (cell) => MISSING.has(cell.state)],
  ['waiting', 'Under way', (cell) => WAITING.has(cell.state)],
  ['awaits', 'Awaits pick', (cell) => cell.state === 'awaits pick' || (cell.row.gate && isPickable(cell) && pickedIn(cell.row).length < cell.row.gate.min)],
  ['ordered', 'Ordered', (cell) => cell.state === 'ordered'],
  ['picked', 'Picked', (cell) => cell.pick.verdict === 'picked'],
  ['rejected', 'Rejected', (cell) => cell.pick.verdict === 'rejected'],
];
const KINDS = [['', 'all'], ['picture', 'pictures'], ['film', 'films'], ['sound', 'sounds'], ['text', 'texts'], ['document', 'documents']];
const sum = (cells) => cells.reduce((total, cell) => total + Number(cell.charged || 0), 0);
const most = (row, of) => Math.max(0, ...row.cells.map(of));
const byName = new Intl.Collator(undefined, { numeric: true });
const SORTS = [
  ['sheet', 'as in the row file', (a, b) => a.number - b.number],
  ['name', 'by row', (a, b) => byName.compare(a.key, b.key)],
  ['missing', 'missing first', (a, b) => b.cells.filter((cell) => MISSING.has(cell.state)).length - a.cells.filter((cell) => MISSING.has(cell.state)).length],
  ['new', 'newest first', (a, b) => most(b, (cell) => cell.madeAt) - most(a, (cell) => cell.madeAt)],
  ['dear', 'dearest first', (a, b) => sum(b.cells) - sum(a.cells)],
  ['stars', 'most stars first', (a, b) => most(b, (cell) => cell.pick.stars) - most(a, (cell) => cell.pick.stars)],
];
const wanted = { filter: 'all', kind: '', sort: 'sheet', words: [] };
let shownRows = rows;

function haystack(cell) {
  if (cell.haystack === undefined) {
    const parts = [cell.row.key, cell.name, cell.technique, cell.state, cell.reason, cell.message, cell.runId,
      ...Object.values(cell.column.axes), ...cell.inputs.flatMap((input) => [input.text, input.source]),
      ...cell.media.flatMap((media) => [media.key, media.text, media.outputId])];
    cell.haystack = parts.filter(Boolean).join('\n').toLowerCase();
  }
  return cell.haystack;
}

function isWanted(cell) {
  const [, , rule] = FILTERS.find(([name]) => name === wanted.filter);
  if (!rule(cell)) return false;
  if (wanted.kind && !cell.media.some((media) => media.kind === wanted.kind)) return false;
  const found = haystack(cell);
  return wanted.words.every((word) => found.includes(word) || cell.pick.note.toLowerCase().includes(word));
}

function applyFilters() {
  const isAll = wanted.filter === 'all' && !wanted.kind && !wanted.words.length;
  for (const row of rows) {
    let matches = 0;
    for (const cell of row.cells) {
      const isMatch = isAll || isWanted(cell);
      matches += isMatch;
      if (cell.isMatch !== isMatch) { cell.isMatch = isMatch; refresh(cell); }
    }
    row.isShown = isAll || matches > 0;
    row.element.hidden = !row.isShown;
  }
  const [, , order] = SORTS.find(([name]) => name === wanted.sort);
  const sorted = [...rows].sort((a, b) => order(a, b) || a.number - b.number);
  const before = shownRows;
  shownRows = sorted.filter((row) => row.isShown);
  if (wanted.sort !== applyFilters.sort) {
    applyFilters.sort = wanted.sort;
    sheet.append(...sorted.map((row) => row.element));
  }
  const nothing = $('nothing');
  nothing.hidden = shownRows.length > 0;
  nothing.textContent = rows.length ? 'No row has what is asked for.' : 'Nothing of this campaign is made yet.';
  if (before !== shownRows && !isAll) say(`${shownRows.length.toLocaleString()} of ${rows.length.toLocaleString()} rows`);
  const focus = current && current.row.isShown ? current : (shownRows[0] || { cells: [] }).cells[0];
  if (focus && focus !== current) makeCurrent(focus, { isFocused: false });
}

function drawChips() {
  $('chips').replaceChildren(...FILTERS.map(([name, words, rule]) => {
    const count = name === 'all' ? rows.length : allCells.filter(rule).length;
    if (name !== 'all' && !count && wanted.filter !== name) return '';
    return el('button', { type: 'button', class: `chip is-${name}`, 'aria-pressed': String(wanted.filter === name),
      on: { click: () => { wanted.filter = wanted.filter === name ? 'all' : name; drawChips(); applyFilters(); } } },
    words, name === 'all' ? null : el('span', { class: 'count' }, count.toLocaleString()));
  }));
}

function options(select, entries, choose) {
  select.replaceChildren(...entries.map(([value, words]) => el('option', { value }, words)));
  select.addEventListener('change', () => { choose(select.value); applyFilters(); });
}

const FIT = '(100cqi - var(--head) - 32px) / var(--columns) - var(--gap)';
const SIZES = [['small', 'S', '120px'], ['medium', 'M', `clamp(150px, ${FIT}, 280px)`], ['large', 'L', 'min(420px, 86cqi)']];
function drawSizes(size) {
  sheet.style.setProperty('--cell', (SIZES.find(([name]) => name === size) || SIZES[1])[2]);
  $('sizes').replaceChildren(...SIZES.map(([name, words]) => el('button', { type: 'button', class: 'chip', 'aria-pressed': String(name === size), title: `${name} pictures`, 'aria-label': `${name} pictures`,
    on: { click: () => { drawSizes(name); redraw(); remember('size', name); if (current) makeCurrent(current); } } }, words)));
}

function startFilters() {
  drawChips();
  const kinds = new Set(allCells.flatMap((cell) => cell.media.map((media) => media.kind)));
  options($('kinds'), KINDS.filter(([name]) => !name || kinds.has(name)), (value) => { wanted.kind = value; });
  options($('sort'), SORTS, (value) => { wanted.sort = value; });
  $('search').addEventListener('input', (event) => {
    wanted.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    applyFilters();
  });
  drawSizes(remembered('size') || 'medium');
  applyFilters.sort = 'sheet';
  applyFilters();
}
