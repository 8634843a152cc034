-- What a cell knew at one moment, so that a recovery reads only what is on record after it. Written by the auditor, the newest alone;
-- without any a recovery reads all of the trail. See Sources/Recovery/Checkpoint.
CREATE TABLE cell_checkpoints (
    cell     text   NOT NULL, -- the prefix of its keys: vibe:{c0}
    part     text   NOT NULL, -- accounts:03, streams, leaders
    taken_ms bigint NOT NULL, -- Redis time
    data     json   NOT NULL, -- not jsonb: nobody looks into it there
    PRIMARY KEY (cell, part)
);
