-- $1 the tenant, $2 leads, $3 scores, $4 reasons, $5 when they are due, $6 when they are due by the claim. See `store`.
UPDATE leads l SET score = s.score, score_reasons = s.reasons::jsonb, score_due_at = coalesce(s.due_at, 'infinity')
FROM unnest($2::uuid[], $3::int2[], $4::text[], $5::timestamptz[]) AS s (id, score, reasons, due_at)
WHERE l.tenant_id = $1 AND l.id = s.id
  AND (l.score, l.score_reasons, l.score_due_at) IS DISTINCT FROM (s.score, s.reasons::jsonb, coalesce(s.due_at, 'infinity'))
  AND ($6::timestamptz IS NULL OR l.score_due_at = $6)
