// Picks: posted to the server, or kept in the page and downloaded as picks.json for `florist picks apply`.

const isServed = Boolean(raw.review);
const storageKey = `florist ${raw.archive} ${raw.campaign} `;

function remember(name, value) {
  try { localStorage.setItem(storageKey + name, JSON.stringify(value)); return true; } catch { return false; }
}

function remembered(name) {
  try { return JSON.parse(localStorage.getItem(storageKey + name)); } catch { return null; }
}

const mine = new Set(); // cells decided on in this page, where it is not served
const steps = []; // what may be undone
const onTheWay = new Map(); // cell → how many posts of it are under way
let isAdvancing = remembered('advance') !== false;
let posts = Promise.resolve();
let revision = null;

const isFull = (cell) => gateOf(cell) !== null && pickedIn(cell.row, gateOf(cell)).length >= gateOf(cell).max;

// Take a decision on a cell, show it at once, and send or keep it.
function decide(cell, change, { isUndo = false } = {}) {
  if (!isPickable(cell)) {
    say(cell.isAgainst ? 'It belongs to the other campaign' : cell.media.length ? `Picks are made among ${cell.row.gates.map((gate) => gate.step).join(', ')}` : 'There is nothing to pick', true);
    return false;
  }
  const before = { ...cell.pick };
  if (change.verdict === 'picked' && before.verdict !== 'picked' && isFull(cell)) {
    say(`At most ${gateOf(cell).max} of ${rowName(cell.row)}: undo one first`, true);
    return false;
  }
  if (!isUndo) steps.push({ cell, before });
  stand(cell, { ...before, ...change });
  if (isServed) send(cell, before);
  else { mine.add(cell); keepPicks(); }
  return true;
}

function stand(cell, pick) {
  cell.pick = { verdict: 'open', stars: 0, note: '', by: '', ...pick };
  refresh(cell);
  refreshRow(cell.row);
  drawChips();
  drawPicking();
  drawZoomWords();
  if (detailed === cell) $('details').querySelector('.pick-controls')?.replaceWith(pickControls(cell));
  drawCompareWords();
}

const asPosted = (cell) => ({
  row: cell.row.key, cell: cell.name, run_id: cell.runId, verdict: cell.pick.verdict, stars: cell.pick.stars, note: cell.pick.note, confirm_usd: null,
});

// One after another, so that what was decided last stands.
function send(cell, before) {
  onTheWay.set(cell, (onTheWay.get(cell) || 0) + 1);
  const body = asPosted(cell);
  posts = posts.then(() => post(cell, body, before)).finally(() => {
    const left = onTheWay.get(cell) - 1;
    if (left) onTheWay.set(cell, left); else onTheWay.delete(cell);
  });
}

async function post(cell, body, before) {
  let answer, told;
  try {
    answer = await fetch(raw.review.url, {
      method: 'POST', credentials: 'same-origin', body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', 'X-Florist-Review': '1' },
    });
    told = await answer.json().catch(() => ({}));
  } catch {
    stand(cell, before);
    say(`${cellLabel(cell)}: the server does not answer; nothing was kept`, true);
    return;
  }
  if (answer.ok) {
    if (told.cell && onTheWay.get(cell) === 1) stand(cell, told.cell);
    return;
  }
  const stands = told.cell || before;
  if (answer.status === 409 && told.price_usd) {
    stand(cell, stands);
    const chosenAnswer = await ask('This pick was sent on already', [
      el('p', { dir: 'auto' }, cellLabel(cell)), el('p', { dir: 'auto' }, told.problem),
      el('p', {}, 'Changing it costs ', el('b', {}, usd(told.price_usd)), ' more.')],
    [['', 'Leave it'], ['change', `Change for ${usd(told.price_usd)}`, 'is-main']]);
    if (chosenAnswer === 'change') {
      stand(cell, { ...stands, verdict: body.verdict, stars: body.stars, note: body.note });
      await post(cell, { ...body, confirm_usd: told.price_usd }, stands);
    }
    return;
  }
  stand(cell, stands);
  say(`${cellLabel(cell)}: ${told.problem || `the server refuses it (${answer.status})`}`, true);
}

// What the others have picked meanwhile.
async function lookAgain() {
  if (document.hidden) return;
  try {
    const answer = await fetch(raw.review.url, { credentials: 'same-origin', headers: { Accept: 'application/json' } });
    if (!answer.ok) return;
    const told = await answer.json();
    if (told.revision === revision) return;
    revision = told.revision;
    for (const row of rows) {
      const stands = told.rows[row.key];
      if (!stands) continue;
      if (stands.gate) row.gate = row.gates.find((gate) => gate.step === stands.gate.step) || row.gate;
      for (const cell of row.cells) {
        const pick = stands.cells[cell.name];
        if (pick && (pick.run_id || cell.runId) === cell.runId && !onTheWay.has(cell) && JSON.stringify({ ...cell.pick, ...pick }) !== JSON.stringify(cell.pick)) stand(cell, pick);
      }
      refreshRow(row);
    }
  } catch { /* the next look may do better; a pick that cannot be sent is told */ }
}

function keepPicks() {
  const picks = [...mine].map((cell) => asPosted(cell));
  if (!remember('picks', picks) && !keepPicks.isTold) {
    keepPicks.isTold = true;
    say('This browser keeps nothing for this page: download picks.json before you close it', true);
  }
}

function restorePicks() {
  const places = new Map(allCells.map((cell) => [`${cell.row.key}\n${cell.name}`, cell]));
  for (const pick of remembered('picks') || []) {
    const cell = places.get(`${pick.row}\n${pick.cell}`);
    // What was said of a picture that was made anew since says nothing of the new one.
    if (!cell || !isPickable(cell) || pick.run_id !== cell.runId) continue;
    mine.add(cell);
    cell.pick = { ...cell.pick, verdict: pick.verdict, stars: pick.stars, note: pick.note };
  }
}

async function downloadPicks() {
  let by = remembered('by') || '';
  const name = el('input', { type: 'text', value: by, id: 'picks-by', autocomplete: 'name', maxLength: 100 });
  const answer = await ask('Download picks.json', [
    el('p', {}, 'It holds what you decided in this page, for ', el('code', {}, 'florist picks apply picks.json'), '.'),
    el('label', {}, 'Your name ', name)], [['', 'Not yet'], ['download', 'Download', 'is-main']]);
  if (answer !== 'download') return;
  by = name.value.trim();
  remember('by', by);
  const picks = [...mine].map((cell) => asPosted(cell));
  const file = JSON.stringify({ florist_picks: 1, campaign: raw.campaign, by, picks }, null, 1);
  const address = URL.createObjectURL(new Blob([file], { type: 'application/json' }));
  const anchor = el('a', { href: address, download: 'picks.json' });
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

async function approveAll() {
  const single = shownRows.filter((row) => row.gate && pickedIn(row).length < row.gate.min)
    .map((row) => row.cells.filter((cell) => isPickable(cell) && cell.step === row.gate.step && cell.pick.verdict !== 'rejected'))
    .filter((candidates) => candidates.length === 1).map(([only]) => only);
  if (!single.length) { say('No row that waits has exactly one to pick'); return; }
  const words = `${single.length.toLocaleString()} row${single.length === 1 ? '' : 's'}`;
  const answer = await ask(`Pick the only one of ${words}?`, el('p', {}, 'Rows with more than one are left to you; what you rejected does not count.'), [['', 'Not now'], ['pick', `Pick ${words}`, 'is-main']]);
  if (answer === 'pick') for (const cell of single) decide(cell, { verdict: 'picked' });
}

function undo(cell) {
  const last = steps.pop();
  if (last) {
    decide(last.cell, { verdict: last.before.verdict, stars: last.before.stars, note: last.before.note }, { isUndo: true });
    return last.cell;
  }
  if (cell.pick.verdict !== 'open') decide(cell, { verdict: 'open' }, { isUndo: true });
  return cell;
}

const drafts = new Map(); // by cell: notes that Esc, or a click beside it, has put aside

async function writeNote(cell) {
  const area = el('textarea', { value: drafts.get(cell) ?? cell.pick.note, rows: 4, maxLength: 2000, dir: 'auto', 'aria-label': 'Note' });
  const answer = ask(`Note on ${cellLabel(cell)}`, area, [['drop', 'Leave it'], ['keep', 'Keep', 'is-main']]);
  area.focus();
  area.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    area.form.querySelector('.is-main').click();
  });
  const chosen = await answer;
  drafts.delete(cell);
  if (area.value === cell.pick.note) return;
  if (chosen === 'keep') decide(cell, { note: area.value });
  else if (chosen !== 'drop') {
    drafts.set(cell, area.value);
    say('The note is not kept; N brings it back');
  }
}

function nextUndecided(cell) {
  const open = shownRows.flatMap((row) => row.cells.filter((each) => isPickable(each) && each.pick.verdict === 'open' && !isFull(each)));
  const place = (each) => shownRows.indexOf(each.row) * 10000 + each.column.number;
  const own = place(cell);
  return open.find((each) => place(each) > own) || open[0] || null;
}

// Returns whether the key was one of picking; moves on where that is wanted.
function pickKey(event, cell) {
  if (event.ctrlKey || event.metaKey || event.altKey || !cell) return false;
  const key = event.key.toLowerCase();
  if (/^[0-5]$/.test(key)) { decide(cell, { stars: Number(key) }); return true; }
  if (key === 'n') { if (isPickable(cell)) writeNote(cell); return true; }
  if (key === 'u') { goTo(undo(cell)); return true; }
  if (key !== 'p' && key !== 'x') return false;
  const isDecided = decide(cell, { verdict: key === 'p' ? 'picked' : 'rejected' });
  const next = isDecided && isAdvancing && !$('compare').open ? nextUndecided(cell) : null;
  if (next) goTo(next);
  return true;
}

function goTo(cell) {
  if (zoomed) {
    const place = zoomed.options.dataSource.findIndex((slide) => slide.cell === cell);
    if (place >= 0) { zoomed.goTo(place); return; }
  } else if ($('compare').open) { drawCompareWords(); return; }
  else if (detailed) { showDetails(cell); return; }
  makeCurrent(cell);
}

function pickControls(cell) {
  if (!isPickable(cell)) return null;
  const { pick } = cell;
  const toggle = (verdict) => () => decide(cell, { verdict: pick.verdict === verdict ? 'open' : verdict });
  const stars = [1, 2, 3, 4, 5].map((number) => el('button', { type: 'button', class: number <= pick.stars ? 'star is-on' : 'star', 'aria-label': `${number} star${number > 1 ? 's' : ''}`, 'aria-pressed': String(number === pick.stars), on: { click: () => decide(cell, { stars: number === pick.stars ? 0 : number }) } }, '★'));
  const who = [pick.by ? `by ${pick.by}` : '', pick.at ? new Date(pick.at).toLocaleString() : '', pick.spent ? 'sent on already' : ''].filter(Boolean).join(', ');
  return el('section', { class: 'pick-controls' },
    el('button', { type: 'button', class: 'pick', 'aria-pressed': String(pick.verdict === 'picked'), on: { click: toggle('picked') } }, '✓ Pick'),
    el('button', { type: 'button', class: 'reject', 'aria-pressed': String(pick.verdict === 'rejected'), on: { click: toggle('rejected') } }, '✕ Reject'),
    el('span', { class: 'star-row', role: 'group', 'aria-label': 'Stars' }, stars),
    el('button', { type: 'button', on: { click: () => writeNote(cell) } }, pick.note ? 'Change note' : 'Add note'),
    pick.note ? el('p', { class: 'note', dir: 'auto' }, pick.note) : null,
    who ? el('p', { class: 'who', dir: 'auto' }, who) : null);
}

function drawPicking() {
  const gated = rows.filter((row) => row.gate);
  const picked = allCells.filter((cell) => cell.pick.verdict === 'picked').length;
  const words = gated.length
    ? `${gated.filter((row) => pickedIn(row).length >= row.gate.min).length.toLocaleString()} of ${gated.length.toLocaleString()} rows have enough picks`
    : picked ? `${picked.toLocaleString()} picked` : '';
  const parts = [words ? el('span', { class: 'progress' }, words) : null];
  if (gated.length) parts.push(el('button', { type: 'button', on: { click: approveAll } }, 'Approve all that have one'));
  if (isServed) parts.push(raw.review.reviewer ? el('span', { class: 'who' }, 'as ', bdi(raw.review.reviewer)) : null);
  else if (mine.size) parts.push(el('button', { type: 'button', class: 'is-main', id: 'download', on: { click: downloadPicks } }, 'picks.json'));
  $('picking').replaceChildren(...parts.filter(Boolean));
}

function startPicks() {
  if (isServed) { lookAgain(); setInterval(lookAgain, 5000); document.addEventListener('visibilitychange', lookAgain); }
  drawPicking();
}
