-- $1 the claim's token, $2 the kinds, $3 the limit, $4 the worker, $5 the lease's duration. See `claim`.
SELECT * FROM scrapersky_internal.claim_jobs($1, $2, $3, $4, $5)
