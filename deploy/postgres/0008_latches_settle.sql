-- A setting of the kill switch that was in force before it was on record is settled once: by the row that records it, that says once more
-- what was stricter already, or with which a person replaced it. A process that knew it before is not to put it on record again.
ALTER TABLE latches ADD COLUMN settles timestamptz; -- when that one was set
