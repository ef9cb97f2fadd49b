-- $1 the tenant, $2 the scan, then one array per column of URLs. See `upsert_urls`.
INSERT INTO email_scan_urls AS u (
    tenant_id, scan_id, position, url, rank, depth, state, fetches, disposition, reason, content_hash)
SELECT $1, $2, * FROM unnest(
    $3::int4[], $4::text[], $5::int2[], $6::int2[], $7::text[], $8::int2[], $9::text[], $10::text[], $11::text[])
ON CONFLICT (tenant_id, scan_id, position) DO UPDATE SET
    rank = EXCLUDED.rank, state = EXCLUDED.state, fetches = EXCLUDED.fetches,
    disposition = EXCLUDED.disposition, reason = EXCLUDED.reason, content_hash = EXCLUDED.content_hash
