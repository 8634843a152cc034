import CopyTrading
import JSON
import NIOHTTP1

/// The endpoints under /control/ that the exchange does not have: for those who run the simulator, not for its clients.
struct ControlService {
    let simulator: Simulator

    func answer(_ method: HTTPMethod, _ name: Substring, _ body: JSON?) -> Router.Outcome {
        switch (method, name) {
        case (.GET, "status"): return .response(.json(status.bytes()))
        case (.GET, "ledger"):
            let logger = simulator.logger
            return .download(
                LedgerDownload(simulator.ledger.entries) { error in
                    logger.error("the ledger cannot be sent", metadata: ["error": "\(error)"])
                })
        case (.POST, "replay"): return change(body, startReplay)
        case (.POST, "fills"): return change(body, publishFills)
        case (.POST, "accounts"): return change(body, openAccounts)
        case (.POST, "prices"): return change(body, setPrices)
        case (.POST, "flood"): return change(body, startFlood)
        case (.GET, "faults"): return .response(.json(faults.bytes()))
        case (.POST, "faults"): return change(body, addFaults)
        case (.DELETE, "faults"):
            simulator.faults.plan.clear()
            return .response(.json(faults.bytes()))
        case (_, "status"), (_, "ledger"), (_, "replay"), (_, "fills"), (_, "accounts"), (_, "prices"), (_, "flood"), (_, "faults"):
            return .response(.text(.methodNotAllowed, "Method Not Allowed"))
        default: return .response(.text(.notFound, "Not Found"))
        }
    }

    private func change(_ body: JSON?, _ apply: (JSON) throws(ControlFault) -> JSON) -> Router.Outcome {
        guard let body else { return .response(HTTPResponse(.undecodable)) }
        do throws(ControlFault) { return .response(.json(try apply(body).bytes())) } catch {
            let answer: JSON = ["error": .string(error.problem)]
            return .response(HTTPResponse(status: .badRequest, contentType: "application/json", body: answer.bytes()))
        }
    }

    /// `{"speed":"3600"}` or `{"speed":"max"}`.
    private func startReplay(_ body: JSON) throws(ControlFault) -> JSON {
        let text = try decoded { () throws(JSONError) in try body.string("speed") }
        guard let speed = ReplaySpeed(text) else { throw ControlFault("speed: \"\(text)\" is neither a positive decimal nor max") }
        do throws(HyperSimError) { try simulator.replay.start(speed, on: simulator) } catch { throw ControlFault(error.description) }
        return ["status": "ok", "replay": .string(simulator.replay.state.rawValue)]
    }

    /// `{"user":"0x…","fills":[userFill]}`: published now, in one message. Of each fill only coin, px, sz and side are needed.
    private func publishFills(_ body: JSON) throws(ControlFault) -> JSON {
        let (leader, fills) = try decoded { () throws(JSONError) in
            let address = try body.at("user", Address.init(json:)).text
            guard let leader = simulator.engine.account(address), leader.isLeader else {
                throw JSONError(path: "user", problem: "\(address) is no leader")
            }
            let fills = try body.list("fills") { fill throws(JSONError) in
                try Engine.LeaderFill(json: fill, universe: simulator.engine.universe)
            }
            return (leader, fills)
        }
        let published = simulator.publish(fills, of: leader)
        return ["status": "ok", "time": .integer(published.first?.time ?? simulator.now()), "tids": .array(published.map { .integer($0.tid) })]
    }

    /// `{"accounts":[{"account","agent","balance"}],"leaders":["0x…"]}`, either may be absent.
    private func openAccounts(_ body: JSON) throws(ControlFault) -> JSON {
        let (entries, leaders) = try decoded { () throws(JSONError) in
            let entries = body["accounts"] == nil ? [] : try AccountEntry.list(body)
            let leaders = body["leaders"] == nil ? [] : try body.list("leaders", Address.init(json:)).map(\.text)
            return (entries, leaders)
        }
        do throws(HyperSimError) {
            if !entries.isEmpty { try simulator.apply(.accounts(entries)) }
            if !leaders.isEmpty { try simulator.apply(.leaders(leaders)) }
        } catch { throw ControlFault(error.description) }
        return ["status": "ok", "accounts": .integer(entries.count), "leaders": .integer(leaders.count)]
    }

    /// `{"coin":"BTC","mid":"50000","mark":"49990","oracle":"mid","delisted":false,"frozen":false}`, all but `coin` optional.
    private func setPrices(_ body: JSON) throws(ControlFault) -> JSON {
        let change = try decoded { () throws(JSONError) in try PriceChange(json: body) }
        do throws(HyperSimError) { try simulator.apply(.prices(change)) } catch { throw ControlFault(error.description) }
        return ["status": "ok", "time": .integer(simulator.now())]
    }

    /// `{"framesPerSecond":30000,"seconds":20}`: strangers' market messages to every socket that follows trades.
    private func startFlood(_ body: JSON) throws(ControlFault) -> JSON {
        let order = try decoded { () throws(JSONError) in try MarketFlood.Order(json: body) }
        simulator.flood.start(order, on: simulator)
        return ["status": "ok"]
    }

    /// One fault, or `{"seed":7,"faults":[…]}`; see ``FaultRule`` and ``WorldFault``. What is wrong anywhere adds nothing.
    private func addFaults(_ body: JSON) throws(ControlFault) -> JSON {
        let (seed, rules, world) = try decoded { () throws(JSONError) in
            let entries = body["faults"] == nil ? (body["fault"] == nil ? [] : [body]) : try body.array("faults")
            var (rules, world): ([FaultRule], [WorldFault]) = ([], [])
            for entry in entries {
                if WorldFault.names.contains(try entry.string("fault")) {
                    world.append(try WorldFault(json: entry))
                } else {
                    rules.append(try FaultRule(json: entry))
                }
            }
            return (try body.maybe("seed") { value throws(JSONError) in try value.asUnsigned() }, rules, world)
        }
        guard simulator.faults.plan.rules.count + rules.count <= FaultPlan.maximumRules else {
            throw ControlFault("faults: more than \(FaultPlan.maximumRules)")
        }
        if let seed { simulator.faults.plan.reseed(seed) }
        for fault in world {
            do throws(HyperSimError) { try simulator.happen(fault) } catch { throw ControlFault(error.description) }
        }
        for rule in rules where simulator.faults.plan.add(rule) && rule.fault.point == .socket {
            for socket in simulator.sockets.values { socket.scheduleCut() }
        }
        return faults
    }

    private var faults: JSON {
        let plan = simulator.faults.plan
        let fired = plan.fired.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .integer($0.value)) }
        return ["seed": .integer(plan.seed), "faults": .array(plan.rules.map(\.json)), "fired": .object(fired)]
    }

    private func decoded<T>(_ decode: () throws(JSONError) -> T) throws(ControlFault) -> T {
        do { return try decode() } catch { throw ControlFault(error.description) }
    }

    private var status: JSON {
        let counters = simulator.engine.counters
        let rejected = counters.ordersRejected.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .integer($0.value)) }
        let replay = simulator.replay
        return [
            "orders": [
                "accepted": .integer(counters.ordersAccepted), "filled": .integer(counters.ordersFilled),
                "partial": .integer(counters.ordersPartlyFilled), "resting": .integer(counters.ordersResting), "rejected": .object(rejected),
            ],
            "cancels": .integer(counters.cancels), "noops": .integer(counters.noops), "actionsRefused": .integer(counters.actionsRefused),
            "followerFills": .integer(counters.followerFills), "leaderFills": .integer(counters.leaderFills),
            "replay": [
                "state": .string(replay.state.rawValue), "speed": .string(orNull: replay.speed?.description),
                "fillsEmitted": .integer(replay.publishedFills), "fillsTotal": .integer(replay.total),
            ],
            "sockets": .integer(simulator.sockets.count), "connections": .integer(simulator.connectionCount),
            "floodFrames": .integer(simulator.flood.sent), "subscriptions": .integer(simulator.hub.active.count), "faults": faults["fired"] ?? [:],
            "markets": .integer(simulator.engine.universe.markets.count), "mirror": .string(orNull: simulator.configuration.mirror),
            "accounts": .integer(simulator.engine.accounts.count), "ledgerBytes": .integer(simulator.ledger.entries.size),
            "time": .integer(simulator.now()),
        ]
    }
}

/// Why a control request is refused, for the answer's `error`.
struct ControlFault: Error {
    var problem: String
    init(_ problem: String) { self.problem = problem }
}
