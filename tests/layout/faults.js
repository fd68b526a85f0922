// What is wider than the window, cut in it, or scrolls sideways: a list of sentences.
() => {
  const wide = innerWidth, faults = [];
  const root = document.documentElement;
  if (root.scrollWidth > wide) {
    const widest = [...document.querySelectorAll('main *, #content *, body *')].filter((one) => one.getBoundingClientRect().right > wide + 1).pop();
    faults.push(`the page is ${root.scrollWidth} px wide: ${widest ? widest.tagName + ' ' + widest.className + ' ' + widest.textContent.trim().slice(0, 40) : ''}`);
  }
  const said = (text) => text.trim().replace(/\s+/g, ' ').slice(0, 60);
  const seen = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || !parent || !parent.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (parent.closest('script, style, noscript, option, svg, canvas, dialog:not([open])')) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue;
    let right = box.right, left = box.left, scrolled = false;
    for (let place = parent; place && place !== document.body; place = place.parentElement) {
      const style = getComputedStyle(place), own = place.getBoundingClientRect();
      if (own.width < 2 || own.height < 2) break;
      if (['auto', 'scroll'].includes(style.overflowY)) scrolled = true;
      if (['auto', 'scroll'].includes(style.overflowX) && place.scrollWidth > place.clientWidth + 1) {
        if (!place.dataset.counted) { place.dataset.counted = '1'; faults.push(`scrolls: ${place.className || place.tagName} ${place.scrollWidth} in ${place.clientWidth}`); }
        break;
      }
      if (['hidden', 'clip'].includes(style.overflowX) && (right > own.right + 1.5 || left < own.left - 1.5)) {
        const what = `cut: ${said(node.data)} [${place.className || place.tagName}]`;
        if (!seen.has(what)) { seen.add(what); faults.push(what); }
        break;
      }
      if (!scrolled && ['hidden', 'clip'].includes(style.overflowY) && style.webkitLineClamp === 'none' && box.bottom > own.bottom + 3 && own.height > 0) {
        const what = `cut below: ${said(node.data)} [${place.className || place.tagName}]`;
        if (!seen.has(what)) { seen.add(what); faults.push(what); }
        break;
      }
      if (style.position === 'fixed') break;
    }
  }
  for (const place of document.querySelectorAll('[data-counted]')) delete place.dataset.counted;
  return faults;
}
