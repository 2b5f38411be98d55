// Zoom by PhotoSwipe: all pictures that are shown, one after the other.

let zoomed = null; // PhotoSwipe while it is open

function zoom(cell, number = 0) {
  const slides = [];
  let start = 0;
  for (const row of shownRows) {
    for (const each of [...row.cells, ...row.against]) {
      each.media.forEach((media, place) => {
        if (media.kind !== 'picture') return;
        if (each === cell && place === number) start = slides.length;
        const ratio = ratios.get(media.sha) || 1;
        slides.push({ src: media.original, msrc: media.preview || undefined, width: 1600, height: Math.round(1600 / ratio), alt: cellLabel(each), cell: each });
      });
    }
  }
  if (!slides.length) return;
  zoomed = new PhotoSwipe({
    dataSource: slides, index: start, bgOpacity: 1, loop: false, wheelToZoom: true, showHideAnimationType: 'none', returnFocus: false, padding: { top: 44, bottom: 44, left: 0, right: 0 },
    secondaryZoomLevel: 1, maxZoomLevel: 4, errorMsg: 'It cannot be shown', mainClass: 'zoom',
  });
  zoomed.on('uiRegister', () => zoomed.ui.registerElement({
    name: 'words', order: 9, isButton: false, appendTo: 'root',
    onInit: (place, pswp) => pswp.on('change', () => drawZoomWords(place)),
  }));
  // The size of a picture is known once it is loaded.
  zoomed.on('loadComplete', ({ content, slide }) => {
    const image = content.element;
    if (!image || !image.naturalWidth || (content.data.width === image.naturalWidth && content.data.height === image.naturalHeight)) return;
    content.data.width = image.naturalWidth;
    content.data.height = image.naturalHeight;
    if (slide && zoomed) zoomed.refreshSlideContent(slide.index);
  });
  zoomed.on('keydown', (event) => { if (pickKey(event.originalEvent, zoomed.currSlide.data.cell)) { event.preventDefault(); drawZoomWords(); } });
  // Later: while it is there, it keeps the focus to itself.
  zoomed.on('destroy', () => { const last = zoomed.currSlide.data.cell; zoomed = null; setTimeout(() => makeCurrent(last)); });
  zoomed.init();
}

function drawZoomWords(place = document.querySelector('.pswp__words')) {
  if (!zoomed || !place) return;
  const { cell } = zoomed.currSlide.data;
  place.className = `pswp__words is-${cell.pick.verdict}`;
  place.replaceChildren(el('span', { dir: 'auto' }, cellLabel(cell)), ` ${GLYPHS[cell.pick.verdict] || ''} ${'★'.repeat(cell.pick.stars)}`);
}
