-- $1 the time from which on events are counted. See `count_ends`.
SELECT data->>'job_kind' AS kind, data->>'status' AS status, data->>'outcome' AS outcome, count(*) AS jobs
FROM events WHERE kind = 'job.ended' AND happened_at >= $1 AND data ? 'job_kind' AND data ? 'status'
GROUP BY 1, 2, 3
