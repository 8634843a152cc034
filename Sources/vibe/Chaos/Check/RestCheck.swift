import RedisStreams

/// After the last fault nothing waits, nothing is held by the dead, and no process has grown.
enum RestCheck {
    static func run(_ picture: StreamPicture, _ status: CellStatus, _ observations: ChaosObservations, _ verdict: inout InvariantVerdict) {
        let alive = Set(status.stages.flatMap(\.members).map(\.name))
        checkStreams(picture, alive, &verdict)
        for (key, fields) in picture.leftovers where fields > 0 { verdict.find("\(key): \(fields) records are left") }
        checkLeases(status, &verdict)
        if !observations.members.isEmpty {
            for name in alive.subtracting(observations.members).sorted() { verdict.find("\(name) is a member and should be dead") }
            for name in observations.members.subtracting(alive).sorted() { verdict.find("\(name) should be alive and is no member") }
        }
        checkUsage(observations, &verdict)
        if let took = observations.restAfter {
            verdict.note("at rest \(Format.time(milliseconds: took.milliseconds)) after the last fault")
            if took > observations.restLimit {
                verdict.find("rest came \(Format.time(milliseconds: took.milliseconds)) after the last fault, at most \(observations.restLimit) were allowed")
            }
        } else {
            verdict.find("rest was never reached, or not measured")
        }
    }

    private static func checkStreams(_ picture: StreamPicture, _ alive: Set<String>, _ verdict: inout InvariantVerdict) {
        for stream in picture.streams {
            for group in stream.groups {
                verdict.look()
                let name = "\(stream.partition) \(group.name)"
                if group.pending > 0 { verdict.find("\(name): \(group.pending) entries are pending") }
                if group.delivered != stream.last { verdict.find("\(name): delivered up to \(group.delivered), the stream ends at \(stream.last)") }
                for consumer in group.consumers where consumer.pending > 0 && !alive.contains(consumer.name) {
                    verdict.find("\(name): \(consumer.name), which is not alive, holds \(consumer.pending) entries")
                }
            }
        }
    }

    private static func checkLeases(_ status: CellStatus, _ verdict: inout InvariantVerdict) {
        for stage in status.stages where !stage.partitions.isEmpty {
            let members = Set(stage.members.map(\.name))
            for partition in stage.partitions {
                if let owner = partition.owner {
                    if !members.contains(owner) { verdict.find("\(stage.name) \(partition.name): leased to \(owner), which is not alive") }
                } else if !members.isEmpty {
                    verdict.find("\(stage.name) \(partition.name): nobody holds its lease, and \(members.count) could")
                }
            }
        }
    }

    private static func checkUsage(_ observations: ChaosObservations, _ verdict: inout InvariantVerdict) {
        let limits = observations.tolerances
        for usage in observations.usage {
            let most = usage.memory.before * limits.memoryFactor + limits.memorySlack
            if usage.memory.after > most {
                verdict.find(
                    "\(usage.process): \(Format.bytes(usage.memory.after)) of memory, \(Format.bytes(usage.memory.before)) before the faults, "
                        + "at most \(Format.bytes(most)) are allowed")
            }
            if usage.files.after > usage.files.before + limits.fileSlack {
                verdict.find("\(usage.process): \(usage.files.after) open files, \(usage.files.before) before the faults")
            }
        }
        verdict.note("\(observations.usage.count) processes compared with what they used before the faults")
    }
}
