// Shows one output: a picture, a film, a sound, a text, a document. An SVG is only ever an image, or a file.

const ratios = new Map(); // sha → width / height, learnt from what was loaded

function picture(media, isLarge = false) {
  const source = isLarge ? media.original : media.preview || media.original;
  const image = el('img', { src: source, alt: '', decoding: 'async', draggable: false });
  image.addEventListener('load', () => { if (image.naturalWidth) ratios.set(media.sha, image.naturalWidth / image.naturalHeight); });
  image.addEventListener('error', () => {
    if (!isLarge && media.preview && image.src.endsWith(media.preview)) { image.src = media.original; return; }
    image.replaceWith(el('p', { class: 'broken' }, raw.until && raw.until * 1000 < Date.now() ? 'Its link has ended: make the sheet anew' : 'It cannot be shown'));
  });
  return image;
}

// What the grid shows is drawn once, as large as it stands there, and is let go of with its row. Of an image element
// Chromium keeps the decoded pixels long after it is gone: half a gigabyte where no graphics card draws.
function drawn(image, before = null) {
  image.hidden = true;
  image.addEventListener('load', async () => {
    const canvas = await canvasOf(image).catch(() => null);
    if (!image.isConnected) { if (canvas) letGo(canvas); return; } // its row was emptied, or it is drawn once more
    before?.remove();
    if (!canvas) { image.hidden = false; return; }
    letGo(image); // while it is in the page: one without a source that is not stays for good
    image.replaceWith(canvas);
  }, { once: true });
  return image;
}

const STILL = /^image\/(png|jpeg)$/; // others may move, or be drawn by lines
async function canvasOf(image) {
  const { naturalWidth, naturalHeight } = image;
  const box = image.parentElement.getBoundingClientRect();
  const fit = image.closest('.has-1') ? Math.min : Math.max; // as object-fit does
  const scale = box.width ? Math.min(1, devicePixelRatio * fit(box.width / naturalWidth, box.height / naturalHeight)) : 1;
  const [width, height] = [naturalWidth, naturalHeight].map((side) => Math.max(1, Math.round(side * scale)));
  const bitmap = await createImageBitmap(image, { resizeWidth: width, resizeHeight: height, resizeQuality: 'high' });
  const canvas = Object.assign(el('canvas', { width, height }), { source: image.src });
  canvas.getContext('2d', { willReadFrequently: true, colorSpace: matchMedia('(color-gamut: p3)').matches ? 'display-p3' : 'srgb' }).drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas;
}

// At once, and not with the next garbage.
function letGo(element) {
  if (element.tagName === 'CANVAS') element.width = 0;
  else element.removeAttribute('src');
}

let redrawing = 0;
function redraw() {
  clearTimeout(redrawing);
  redrawing = setTimeout(() => {
    for (const canvas of sheet.querySelectorAll('canvas')) {
      const pending = canvas.previousElementSibling; // of a change just before
      if (pending?.tagName === 'IMG') { letGo(pending); pending.remove(); }
      canvas.before(drawn(el('img', { src: canvas.source, alt: '' }), canvas));
    }
  }, 150);
}
addEventListener('resize', redraw);

function film(media, label) {
  return el('video', {
    src: media.original, controls: true, playsInline: true, loop: true, 'aria-label': label,
    preload: media.poster ? 'none' : 'metadata', poster: media.poster || undefined,
  });
}

// Its poster until somebody plays it: thousands of players are more than a browser needs.
function filmTile(media, label) {
  const still = media.poster ? drawn(el('img', { src: media.poster, alt: '' })) : el('video', { src: media.original, muted: true, preload: 'metadata', tabIndex: -1, 'aria-hidden': 'true' });
  const button = el('button', { type: 'button', class: 'play', tabIndex: -1, 'aria-label': `Play ${label}` }, '▶');
  const holder = el('div', { class: 'film' }, still, button);
  holder.play = () => {
    const player = film(media, label);
    player.autoplay = true;
    holder.replaceChildren(player);
    return player;
  };
  button.addEventListener('click', (event) => { event.stopPropagation(); holder.play(); makeCurrent(holder.closest('.cell').cell, { isFocused: false }); });
  return holder;
}

const sound = (media, label) => el('audio', { src: media.original, controls: true, preload: 'none', 'aria-label': label });

function fileLink(media, words) {
  const isShown = media.type === 'application/pdf' || media.kind !== 'document';
  return el('a', { href: media.original, target: isShown && media.type !== 'image/svg+xml' ? '_blank' : undefined, rel: 'noopener noreferrer', download: isShown && media.type !== 'image/svg+xml' ? undefined : media.name }, words);
}

function documentTile(media) {
  const ending = media.name.slice(media.name.lastIndexOf('.') + 1).toUpperCase();
  return el('div', { class: 'document' }, el('span', { class: 'page' }, ending), fileLink(media, `${sized(media.bytes)}, open`));
}

function wholeText(media) {
  return el('div', { class: 'text', dir: 'auto' }, media.text, media.isCut ? el('p', { class: 'more' }, 'It goes on in the ', fileLink(media, 'file')) : null);
}

// As a cell shows it.
function tile(media, label) {
  switch (media.kind) {
    case 'picture': return media.preview || STILL.test(media.type) ? drawn(picture(media)) : picture(media);
    case 'film': return filmTile(media, label);
    case 'sound': return el('div', { class: 'sound' }, el('span', { class: 'notes-glyph', 'aria-hidden': 'true' }, '♪'), sound(media, label));
    case 'text': return el('div', { class: 'text', dir: 'auto' }, media.text || '');
    default: return documentTile(media);
  }
}

// As the details show it.
function large(media, label) {
  switch (media.kind) {
    case 'picture': return picture(media, true);
    case 'film': return film(media, label);
    case 'sound': return sound(media, label);
    case 'text': return wholeText(media);
    default: return documentTile(media);
  }
}
