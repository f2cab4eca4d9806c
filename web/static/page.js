// What pages do beyond their HTML: nothing here is needed to use them.
(function () {
  "use strict";
  // A part that hears events says when it does not: [sse-connect] holds a
  // .lost-line, which is hidden while the connection stands.
  // One that comes back at once is not worth a word.
  function lineOf(e) {
    var at = e.target.closest("[sse-connect]");
    return at && at.querySelector(".lost-line");
  }
  document.addEventListener("htmx:sseError", function (e) {
    var said = lineOf(e);
    if (said && !said.wait) { said.wait = window.setTimeout(function () { said.hidden = false; }, 2000); }
  });
  document.addEventListener("htmx:sseOpen", function (e) {
    var said = lineOf(e);
    if (!said) { return; }
    window.clearTimeout(said.wait);
    said.wait = 0;
    said.hidden = true;
  });
  // htmx logs what its events tell; a lost connection is said on the page, not in the console.
  document.addEventListener("htmx:beforeSwap", function (e) {
    // A form that is refused (422) or stale (409) is a page as well.
    if (e.detail.xhr && (e.detail.xhr.status === 422 || e.detail.xhr.status === 409)) { e.detail.shouldSwap = true; e.detail.isError = false; }
  });
  // On a phone the menu scrolls sideways: where one is, is in sight.
  var here = document.querySelector(".top nav a[aria-current]");
  var menu = here && here.closest("ul");
  if (menu && menu.scrollWidth > menu.clientWidth) { menu.scrollLeft = here.offsetLeft - menu.offsetLeft - (menu.clientWidth - here.offsetWidth) / 2; }
  // Sending twice does nothing twice; this only keeps people from wondering.
  document.addEventListener("submit", function (e) {
    if (e.defaultPrevented || e.target.method !== "post") { return; }
    window.setTimeout(function () {
      e.target.querySelectorAll("button").forEach(function (b) { b.disabled = true; });
    }, 0);
  });
  window.addEventListener("pageshow", function (e) {
    if (e.persisted) { document.querySelectorAll("form button").forEach(function (b) { b.disabled = false; }); }
  });
})();
