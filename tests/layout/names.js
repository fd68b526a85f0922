// What a page of the sidebar is called: in the tab, in its heading, by its entry of the sidebar.
() => {
  const crumbs = document.querySelectorAll('h1 .sfp-crumb');
  const entry = document.querySelector(`#nav-sidebar-apps a[href$="${location.pathname}${location.search}"]`);
  const words = entry && [...entry.querySelectorAll('span')].filter((one) => !one.className.includes('symbols') && one.innerText.trim());
  return {
    title: document.title.split(' | ')[0].trim(),
    heading: crumbs.length ? crumbs[crumbs.length - 1].innerText.trim() : '',
    sidebar: words && words.length ? words[0].innerText.trim() : '',
  };
}
