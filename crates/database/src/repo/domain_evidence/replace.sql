-- $1 the tenant, $2 the domain, $3 the columns that are written, $4 the time, then one array per column of the rows. See
-- `replace`.
WITH found AS MATERIALIZED (
    -- Of a value that is named twice the first one counts.
    SELECT DISTINCT ON (f.column_name, f.value) f.*
    FROM unnest($5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::int2[])
        WITH ORDINALITY AS f (column_name, value, url, rule, snippet, claim, confidence, position)
    ORDER BY f.column_name, f.value, f.position
),
gone AS (
    DELETE FROM domain_evidence e
    WHERE e.tenant_id = $1 AND e.domain_id = $2 AND e.column_name = ANY ($3)
      AND NOT EXISTS (SELECT FROM found f WHERE f.column_name = e.column_name AND f.value = e.value)
)
INSERT INTO domain_evidence AS e (
    tenant_id, domain_id, column_name, value, url, rule, snippet, claim, confidence, first_seen, last_seen)
SELECT $1, $2, column_name, value, url, rule, snippet, claim, confidence, $4, $4
FROM found
ORDER BY position
ON CONFLICT (tenant_id, domain_id, column_name, value) DO UPDATE SET
    url = EXCLUDED.url, rule = EXCLUDED.rule, snippet = EXCLUDED.snippet, claim = EXCLUDED.claim,
    confidence = EXCLUDED.confidence, last_seen = EXCLUDED.last_seen
