// On loopback only: say what is being measured, look whether there is a newer page, and load it; the filters are in the address and stay.
(() => {
  const { live, version } = document.documentElement.dataset; // of this page: it may be old before it is first asked
  const line = document.getElementById("running");
  const asked = async (path) => (await fetch(path, { cache: "no-store" })).text();
  async function look() {
    try {
      const told = await asked("/running");
      if (line.textContent !== told) line.textContent = told;
      line.hidden = !told;
      if ((await asked("/version")) !== version) location.reload();
    } catch {
      return; // the server has ended, or makes a page: asked again next time
    }
  }
  look();
  setInterval(look, Number(live) * 1000);
})();
