// Makes elements. Text reaches the page by textContent alone.

const $ = (id) => document.getElementById(id);

// What would reorder the words around it is shown as � instead; `without_controls` in wording.py is the same.
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
const shownText = (child) => (typeof child === 'string' ? child.replace(CONTROLS, '\ufffd') : child);

function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'class') made.className = value;
    else if (name === 'on') for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
    else if (name in made && !name.startsWith('aria') && name !== 'role') made[name] = value;
    else made.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children.flat(Infinity)) if (child !== null && child !== undefined && child !== false && child !== '') made.append(shownText(child));
  return made;
}

const bdi = (words) => el('bdi', {}, words);

// `code` in backticks, all else as it is.
function prose(words) {
  return words.split('`').map((part, number) => (number % 2 ? el('code', {}, part) : part));
}

function usd(amount) {
  if (amount === null) return '';
  const [whole, cents = ''] = amount.split('.');
  return `$${whole}.${cents.padEnd(2, '0')}`;
}

function sized(bytes) {
  const units = ['bytes', 'kB', 'MB', 'GB'];
  let unit = 0;
  while (bytes >= 1000 && unit < 3) { bytes /= 1000; unit += 1; }
  return `${unit ? bytes.toFixed(bytes < 10 ? 1 : 0) : bytes} ${units[unit]}`;
}

const moment = (seconds) => new Date(seconds * 1000).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });

let statusTimer = 0;
function say(words, isBad = false) {
  const place = $('status');
  place.replaceChildren(el('p', { class: isBad ? 'is-bad' : '' }, words));
  clearTimeout(statusTimer);
  statusTimer = setTimeout(() => place.replaceChildren(), isBad ? 9000 : 3500);
}

// A question in a dialog; resolves to the value of the button that was pressed, or '' where it was closed.
function ask(title, body, buttons) {
  const dialog = $('message');
  const form = el('form', { method: 'dialog' },
    el('h2', { id: 'message-title' }, title),
    el('div', { class: 'body' }, body),
    el('div', { class: 'buttons' }, buttons.map(([value, words, style]) => el('button', { value, class: style || '' }, words))));
  dialog.replaceChildren(form);
  dialog.showModal();
  return new Promise((resolve) => {
    let answer = '';
    form.addEventListener('submit', (event) => { answer = event.submitter?.value || ''; });
    const closed = () => {
      if (form.isConnected && dialog.open) return; // the question before was closed a moment ago; this one stands
      dialog.removeEventListener('close', closed);
      resolve(answer);
    };
    dialog.addEventListener('close', closed);
  });
}

for (const id of ['details', 'compare', 'message']) {
  $(id).addEventListener('click', (event) => { if (event.target === event.currentTarget) event.currentTarget.close(); });
}
