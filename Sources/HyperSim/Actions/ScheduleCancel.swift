import JSON

/// `{"type":"scheduleCancel","time"?:ms}`: cancels everything at that time; without a time it is called off.
struct ScheduleCancel: Operation {
    let time: Int64?

    init(json: JSON) throws(JSONError) { time = try json.maybe("time") { value throws(JSONError) in try value.asInteger() } }

    var canonical: JSON { time.map { ["type": "scheduleCancel", "time": .integer($0)] } ?? ["type": "scheduleCancel"] }

    func perform(on engine: Engine, _ context: ActionContext) -> ActionResult {
        engine.scheduleCancel(at: time, context).map(ActionResult.refused) ?? .done
    }
}
