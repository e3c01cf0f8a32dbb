// Runs before the first paint, so a remembered dark canvas never flashes white.
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem("molecule.theme");
  } catch {
    choice = null;
  }
  if (choice === "light" || choice === "dark") document.documentElement.setAttribute("data-theme", choice);
})();
