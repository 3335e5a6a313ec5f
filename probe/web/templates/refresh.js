// Asks for the page again while it is looked at; keeps what was opened, closed and scrolled.
(function () {
  "use strict";
  var seconds = Number(document.body.dataset.seconds) || 30;
  async function renew() {
    if (document.hidden) return;
    try {
      var answer = await fetch(location.href, { cache: "no-cache" });
      if (!answer.ok) return;
      var fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      var main = fresh.getElementById("main");
      if (!main) return;
      document.querySelectorAll("main details[id]").forEach(function (old) {
        var same = fresh.getElementById(old.id);
        if (same) same.open = old.open;
      });
      document.getElementById("main").replaceWith(document.adoptNode(main));
      document.title = fresh.title;
    } catch (error) {
      // Offline for a moment: the page stays as it is and tries again.
    }
  }
  setInterval(renew, seconds * 1000);
})();
