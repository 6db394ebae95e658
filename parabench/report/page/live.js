// On loopback only: look whether there is a newer page, and load it; the filters are in the address and stay.
(() => {
  const { live, version } = document.documentElement.dataset; // of this page: it may be old before it is first asked
  setInterval(async () => {
    try {
      if ((await (await fetch("/version", { cache: "no-store" })).text()) !== version) location.reload();
    } catch {
      return; // the server has ended, or makes a page: asked again next time
    }
  }, Number(live) * 1000);
})();
