"""A report as text, JSON, Markdown, JUnit or SARIF. No decisions here, and no I/O."""
