-- Each cell's Redis, as Postgres knows it: whether it is the one that the audit trail belongs to. See Sources/Recovery.
CREATE TABLE cells (
    cell        text PRIMARY KEY,  -- the prefix of its keys: vibe:{c0}
    incarnation text NOT NULL,     -- stands in its Redis, too: another one, or none, says that data were lost
    state       text NOT NULL CHECK (state IN ('new', 'running', 'halted')), -- new: not written into Redis yet
    reason      text,              -- of a halt
    changed_at  timestamptz NOT NULL DEFAULT now()
);
