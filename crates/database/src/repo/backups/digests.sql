-- See `list_digests`.
SELECT t.name, d.rows, d.digest FROM unnest($1::text[]) t(name), scrapersky_internal.digest(t.name::regclass) d
