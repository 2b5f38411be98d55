// Put it all on the page.

if (!isServed) restorePicks();
drawGrid();
startFilters();
startPicks();
new ResizeObserver(([entry]) => sheet.style.setProperty('--bar', `${entry.target.offsetHeight}px`)).observe($('bar'));
document.documentElement.dataset.ready = 'yes';
