// Follows a campaign or an order. Everything on the page is there without it.
(function () {
  "use strict";
  var group = new Intl.NumberFormat("en-IN");

  // The server's clock counts: the page says what time it was there when it was made.
  var skew = 0;
  function serverTime(iso) { var t = Date.parse(iso); if (!isNaN(t)) { skew = t - Date.now(); } }
  var anchor = document.querySelector("[data-now]");
  if (anchor) { serverTime(anchor.dataset.now); }

  function left(ms, words) {
    var s = Math.max(0, Math.floor(ms / 1000));
    var parts = [[Math.floor(s / 86400), words.d], [Math.floor(s / 3600) % 24, words.h], [Math.floor(s / 60) % 60, words.m], [s % 60, words.s]];
    while (parts.length > 2 && parts[0][0] === 0) { parts.shift(); }
    return parts.slice(0, 3).map(function (p) { return p[0] + " " + p[1]; }).join(" ");
  }
  var clocks = document.querySelectorAll("[data-until]");
  function tick() {
    clocks.forEach(function (c) {
      var ms = Date.parse(c.dataset.until) - Date.now() - skew;
      c.hidden = false;
      c.textContent = ms > 0 ? left(ms, c.dataset) : c.dataset.over;
    });
  }
  if (clocks.length) { tick(); window.setInterval(tick, 1000); }

  // A campaign: figures as they change, and a line that says when they do not.
  var live = document.querySelector("[data-stream]");
  if (live && window.EventSource) {
    var lost = live.querySelector(".lost-line"), changed = live.querySelector(".changed-line"), newest = -1;
    var put = function (name, text) {
      live.querySelectorAll("[data-show=" + name + "]").forEach(function (e) { e.textContent = text; });
    };
    var connect = function () {
      var source = new EventSource(live.dataset.stream);
      source.addEventListener("open", function () { lost.hidden = true; });
      source.addEventListener("progress", function (e) {
        var p = JSON.parse(e.data);
        serverTime(p.server_time);
        lost.hidden = true;
        if (p.changes < newest) { return; }
        newest = p.changes;
        put("percent", p.percent);
        put("paid", group.format(p.units.paid));
        put("backers", group.format(p.backers));
        put("reserved", group.format(p.units.reserved));
        if (p.units.left !== undefined) { put("left", group.format(p.units.left)); }
        var bar = live.querySelector("progress");
        if (bar) { bar.value = Math.min(p.units.paid, p.units.target); bar.textContent = p.percent + " %"; }
        if (p.state !== live.dataset.state || String(p.held) !== live.dataset.held) { changed.hidden = false; }
      });
      source.addEventListener("error", function () {
        lost.hidden = false;
        if (source.readyState === EventSource.CLOSED) { window.setTimeout(connect, 5000); } // else the browser tries by itself
      });
    };
    connect();
  }

  // An order that waits for something: read again once it is another one.
  var order = document.querySelector("[data-order-state]");
  if (order) {
    var path = order.dataset.statePath, state = order.dataset.orderState, said = order.querySelector(".lost-line");
    var look = function () {
      fetch(path, { credentials: "same-origin", redirect: "error" }).then(function (r) {
        if (!r.ok) { throw new Error(r.status); }
        return r.text();
      }).then(function (now) {
        said.hidden = true;
        if (now !== state) { window.location.reload(); return; }
        window.setTimeout(look, 3000);
      }).catch(function () { said.hidden = false; window.setTimeout(look, 5000); });
    };
    window.setTimeout(look, 2000);
  }

  // Sending twice does nothing twice; this only keeps people from wondering.
  document.addEventListener("submit", function (e) {
    window.setTimeout(function () { e.target.querySelectorAll("button").forEach(function (b) { b.disabled = true; }); }, 0);
  });
  window.addEventListener("pageshow", function (e) {
    if (e.persisted) { document.querySelectorAll("form button").forEach(function (b) { b.disabled = false; }); }
  });
})();
