(function () {
  "use strict";
  var key = "pinchtune-locale";
  var switches = document.querySelectorAll("input[name=locale]");
  function apply(input) {
    var page = document.getElementById(input.value);
    document.documentElement.lang = input.value;
    document.title = page.querySelector("h1").textContent;
  }
  function stored() {
    try { return localStorage.getItem(key); } catch (error) { return null; }
  }
  switches.forEach(function (input) {
    if (input.value === stored()) { input.checked = true; }
    input.addEventListener("change", function () {
      apply(input);
      try { localStorage.setItem(key, input.value); } catch (error) { /* private mode */ }
    });
    if (input.checked) { apply(input); }
  });
  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.from(document.querySelectorAll("details.printed:not([open])"));
    opened.forEach(function (part) { part.open = true; });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (part) { part.open = false; });
  });
})();
