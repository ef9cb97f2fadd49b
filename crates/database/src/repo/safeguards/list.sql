-- See `list`.
SELECT kind, what, holds FROM scrapersky_internal.safeguards()
