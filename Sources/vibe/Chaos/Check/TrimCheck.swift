/// Nothing left a stream before every registered group had acknowledged it.
///
/// At any moment each entry ever added is, for each group, exactly one of: acknowledged, pending, or not yet delivered; the scripts count
/// additions and acknowledgements in the same step as they make them. So what a group has not acknowledged by those counters must still
/// be in the stream, as pending or undelivered entries that are counted there one by one. If fewer are, entries are gone that the group
/// never acknowledged, whichever they were and whatever was acknowledged after them. `lag` and `entries-read`, which are wrong after a
/// restart, are not asked.
///
/// Entries that were added by hand have no number and count as acknowledged all the same: the audit trail's check names them.
enum TrimCheck {
    static func run(_ picture: StreamPicture, restoredThrough: [String: Int] = [:], _ verdict: inout InvariantVerdict) {
        var trimmed = 0
        for stream in picture.streams {
            verdict.look(stream.added)
            guard stream.exists else {
                verdict.find("\(stream.partition): \(stream.added) entries were added and the stream is gone", count: stream.added)
                continue
            }
            if stream.length > 0 && stream.firstSeq == nil {
                verdict.find("\(stream.partition): its first entry \(stream.first ?? "?") has no number: what was trimmed cannot be told")
            }
            // of what is numbered, that before the first entry was trimmed and all the rest is there; of what was finished before a recovery
            // nothing need be
            let before = stream.length == 0 ? stream.added : max((stream.firstSeq ?? 1) - 1, restoredThrough[stream.partition.name] ?? 0)
            trimmed += before
            let gone = stream.added - before - stream.length
            verdict.find("\(stream.partition): \(gone) entries behind seq \(before) are not in the stream: they were deleted", count: gone)
            for name in stream.partition.stream.groups where !stream.groups.contains(where: { $0.name == name }) {
                verdict.find("\(stream.partition): its group \(name) is missing: nothing holds its entries back")
            }
            for group in stream.groups {
                let open = stream.added - group.acknowledged
                let there = group.pendingPresent + group.undelivered
                verdict.find(
                    "\(stream.partition): \(group.name) has not acknowledged \(open) of \(stream.added) entries and \(there) of those are left "
                        + "in the stream, which begins behind seq \(before)", count: open - there)
            }
        }
        verdict.note("\(Format.count(trimmed)) of them trimmed")
    }
}
