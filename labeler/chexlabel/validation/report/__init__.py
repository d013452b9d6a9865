"""The report: the same content as HTML, Markdown and JSON."""
