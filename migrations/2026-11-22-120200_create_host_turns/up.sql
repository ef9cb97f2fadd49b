-- When each host may be sent its next request, by whichever process: the pace that all workers keep together. It is no
-- tenant's, and manners rather than truth: unlogged, since a crash may forget it.
CREATE UNLOGGED TABLE scrapersky_internal.host_turns (
    host text PRIMARY KEY,
    -- When the host would get its next request if all came evenly.
    due_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON scrapersky_internal.host_turns TO scrapersky_system;
