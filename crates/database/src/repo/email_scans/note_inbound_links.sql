-- $1 the tenant, $2 the domain. See `note_inbound_links`.
WITH links AS (
    SELECT target AS url, array_agg(DISTINCT source.url ORDER BY source.url) AS sources
    FROM pages source CROSS JOIN unnest(source.outbound_links) AS target
    WHERE source.tenant_id = $1 AND source.domain_id = $2 AND target <> source.url
    GROUP BY target
)
UPDATE pages p SET inbound_links = l.sources
FROM links l
WHERE p.tenant_id = $1 AND p.domain_id = $2 AND md5(p.url) = md5(l.url) AND p.url = l.url
  AND p.inbound_links IS DISTINCT FROM l.sources
