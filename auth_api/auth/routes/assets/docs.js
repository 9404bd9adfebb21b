// Starts Swagger UI on the description that the page names; kept in a file so that the page's
// Content-Security-Policy needs no inline script.
window.addEventListener("load", () => {
  const place = document.getElementById("swagger-ui");
  window.ui = SwaggerUIBundle({
    url: new URL(place.dataset.description, window.location.href).href,
    domNode: place,
    deepLinking: true,
    displayRequestDuration: true,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    validatorUrl: null,
  });
});
