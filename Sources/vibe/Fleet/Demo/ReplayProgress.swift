import JSON

/// How far the simulated exchange has replayed the recorded fills.
struct ReplayProgress: Sendable, Equatable {
    var state: String
    var emitted: Int64
    var total: Int64

    var isFinished: Bool { state == "finished" }
    var percent: Int64 { total == 0 ? 100 : emitted * 100 / total }

    init(_ status: JSON) throws(JSONError) {
        (state, emitted, total) = try status.at("replay") { replay throws(JSONError) in
            (try replay.string("state"), try replay.integer("fillsEmitted"), try replay.integer("fillsTotal"))
        }
    }
}
