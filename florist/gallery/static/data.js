// Unpacks the sheet's JSON; `packing.py` is the other half. Everything in it is text, never markup.

const raw = JSON.parse(document.getElementById('sheet-data').textContent);
const text = (place) => raw.texts[place || 0];
const encodedKey = (key) => key.split('/').map(encodeURIComponent).join('/');

function link(packed, stem, middle) {
  if (!packed) return '';
  if (typeof packed === 'string') return packed;
  const added = packed === 1 ? '' : text(packed[0]) + packed[1];
  return stem[0] + middle + stem[1] + added;
}

const columns = raw.columns.map(([cell, step, axes], number) => ({ cell, step, axes, number }));
const runs = new Map(); // run id → cell
const usedIn = new Map(); // run id → cells that were made from it

function unpackedMedia([key, kind, type, sha, bytes, outputId, original, preview, poster, body, isCut, warning]) {
  return {
    key, kind, sha, bytes,
    type: text(type),
    outputId: text(outputId),
    name: key.slice(key.lastIndexOf('/') + 1),
    original: link(original, raw.originals, encodedKey(key)),
    preview: link(preview, raw.previews, sha),
    poster: link(poster, raw.posters, sha),
    text: body === undefined || body === null ? null : text(body),
    isCut: Boolean(isCut),
    warning: text(warning),
  };
}

function unpackedCell(row, isAgainst, packed) {
  const [column, state, media, charged, price, technique, runId, madeAt, inputs, reason, message, advice, earlier, pick, order] = packed;
  const cell = {
    row, isAgainst, runId: runId || '',
    column: columns[column],
    name: columns[column].cell,
    step: columns[column].step,
    state: raw.states[state || 0],
    media: (media || []).map(unpackedMedia),
    charged: charged === undefined ? null : charged,
    price: price === undefined ? null : price,
    technique: text(technique),
    madeAt: madeAt || 0,
    inputs: (inputs || []).map(([id, value, source, run, index]) => ({
      id: text(id), text: value === undefined || value === null ? null : text(value), source: text(source), run: run || '', index: index || 0,
    })),
    reason: text(reason), message: text(message), advice: text(advice),
    earlier: earlier || 0,
    pick: { verdict: 'open', stars: 0, note: '', by: '', ...(pick || {}) },
    order: order ? { by: order[0], at: order[1] } : null,
  };
  if (cell.runId) runs.set(cell.runId, cell);
  for (const run of new Set(cell.inputs.map((input) => input.run))) {
    if (run) usedIn.set(run, [...(usedIn.get(run) || []), cell]);
  }
  return cell;
}

const rows = raw.rows.map(([key, cells, gates, against], number) => {
  const row = { key, number, gates: (gates || []).map(([step, min, max]) => ({ step, min, max })), cells: [], against: [] };
  row.gate = row.gates[0] || null; // the one that the row is at
  row.cells = (cells || []).map((cell) => unpackedCell(row, false, cell));
  row.against = (against || []).map((cell) => unpackedCell(row, true, cell));
  return row;
});
const allCells = rows.flatMap((row) => row.cells);
const hasGates = rows.some((row) => row.gate);
const MISSING = new Set(['failed', 'gap', 'needs review']);
const WAITING = new Set(['waiting', 'in doubt']);

const rowName = (row) => row.key || 'the one row';
const cellLabel = (cell) => `${rowName(cell.row)} › ${cell.name}${cell.isAgainst ? ` (${raw.against})` : ''}`;
const gateOf = (cell) => cell.row.gates.find((gate) => gate.step === cell.step) || null;
const isPickable = (cell) => !cell.isAgainst && cell.media.length > 0 && (!cell.row.gate || gateOf(cell) !== null);
