"""The answer for people: figures, the HTML page, the summary and the status table."""
