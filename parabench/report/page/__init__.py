"""The report as a page: one data object, one template, scripts and styles in the same file; nothing is fetched."""
