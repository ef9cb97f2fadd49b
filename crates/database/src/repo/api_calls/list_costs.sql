-- $1 the tenant, $2 the earliest time. See `list_costs`.
SELECT
    date_trunc('month', called_at AT TIME ZONE 'UTC')::date AS month,
    service,
    sku,
    count(*) FILTER (WHERE is_billed) AS calls,
    count(*) FILTER (WHERE NOT is_billed) AS refused,
    coalesce(sum(price_micros) FILTER (WHERE is_billed), 0)::bigint AS price_micros
FROM api_calls
WHERE tenant_id = $1 AND called_at >= $2
GROUP BY 1, 2, 3
ORDER BY 1 DESC, 2, 3
