"""Tables as numbers, text and figures, and the page that shows them."""
