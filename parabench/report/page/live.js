// On loopback only: look whether there is a newer page, and load it; the filters are in the address and stay.
(() => {
  let known = null;
  setInterval(async () => {
    try {
      const version = await (await fetch("/version", { cache: "no-store" })).text();
      if (known !== null && version !== known) location.reload();
      known = version;
    } catch {
      return; // the server has ended, or makes a page: asked again next time
    }
  }, Number(document.documentElement.dataset.live) * 1000);
})();
