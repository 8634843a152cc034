-- The kill switch (R-84): every setting ever made, the newest of a scope counts. Software inserts rows that tighten; only a person loosens.
CREATE TABLE latches (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope  text NOT NULL CHECK (scope = 'everything' OR scope ~ '^(influencer|subscriber|subscription|coin):.'),
    level  smallint NOT NULL CHECK (level BETWEEN 0 AND 4),
    reason text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX latches_by_scope ON latches (scope, id DESC);
