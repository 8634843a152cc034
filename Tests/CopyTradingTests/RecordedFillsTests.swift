import CopyTrading
import JSON
import Testing

/// Properties that hold over the six recorded leaders: 2,270 fills of real trading.
@Suite("Recorded fills")
struct RecordedFillsTests {
    /// A message as the exchange sends it: the fills of one leader in one block.
    private struct Block {
        var time: Int64
        var fills: [LeaderFill]
    }

    private static func blocks(_ fills: [LeaderFill]) -> [Block] {
        var blocks: [Block] = []
        for fill in fills {
            if blocks.last?.time == fill.time { blocks[blocks.count - 1].fills.append(fill) } else {
                blocks.append(Block(time: fill.time, fills: [fill]))
            }
        }
        return blocks
    }

    /// Plays messages with a constant delay, firing every deadline on time.
    private static func play(_ messages: [[LeaderFill]], into builder: inout SignalBuilder) -> [SignalEvent] {
        var events: [SignalEvent] = []
        for message in messages {
            let arrival = (message.map(\.time).max() ?? 0) * 1_000 + 400_000
            while let deadline = builder.nextDeadline, deadline <= arrival { events += builder.flush(at: deadline) }
            events += builder.receive(message: message, at: arrival)
        }
        while let deadline = builder.nextDeadline { events += builder.flush(at: deadline) }
        return events
    }

    private static func signals(_ messages: [[LeaderFill]]) -> [Signal] {
        var builder = Sample.builder()
        return play(messages, into: &builder).signals
    }

    /// Independent of when frames arrived, in one order over the coins.
    private static func canonical(_ signals: [Signal]) -> [[UInt8]] {
        signals.enumerated().sorted { a, b in
            (a.element.lastFillTime, a.element.coin, a.offset) < (b.element.lastFillTime, b.element.coin, b.offset)
        }.map { _, signal in
            var signal = signal
            signal.receivedAt = 0
            return signal.json.bytes()
        }
    }

    @Test("R-05: every coin's signals chain from its first fill's start to its last fill's end, and use each fill once")
    func continuity() throws {
        let leaders = try Fixture.leaders()
        #expect(leaders.count == 6)
        #expect(leaders.map(\.fills.count).reduce(0, +) == 2_270)
        for (name, fills) in leaders {
            var builder = Sample.builder()
            let events = Self.play(Self.blocks(fills).map(\.fills), into: &builder)
            #expect(events.others.allSatisfy { if case .baseline = $0 { true } else { false } }, "\(name)")
            for (coin, ofCoin) in Dictionary(grouping: fills, by: \.coin) {
                let signals = events.signals.filter { $0.coin == coin }
                let first = try #require(signals.first)
                let last = try #require(signals.last)
                #expect(first.start == ofCoin[0].startPosition, "\(name) \(coin)")
                #expect(last.end == ofCoin[ofCoin.count - 1].end, "\(name) \(coin)")
                #expect(builder.positions[coin] == last.end)
                for (earlier, later) in zip(signals, signals.dropFirst()) { #expect(earlier.end == later.start, "\(name) \(coin)") }
                #expect(signals.map(\.fillCount).reduce(0, +) == ofCoin.count)
                #expect(signals.map(\.size.e8).reduce(0, +) == ofCoin.map(\.size.e8).reduce(0, +))
                #expect(signals.allSatisfy { $0.legs == Leg.legs(from: $0.start, to: $0.end) })
            }
            #expect(Set(events.signals.map(\.id)).count == events.signals.count, "\(name)")
        }
    }

    @Test("R-07: a signal's fills are exactly those between its ends: sizes and average price agree with the fills themselves")
    func contents() throws {
        for (_, fills) in try Fixture.leaders() {
            let signals = Self.signals(Self.blocks(fills).map(\.fills))
            for (coin, ofCoin) in Dictionary(grouping: fills, by: \.coin) {
                var next = 0
                for signal in signals where signal.coin == coin {
                    let used = ofCoin[next..<next + signal.fillCount]
                    next += signal.fillCount
                    #expect(used.first?.tid == signal.firstFill && used.last?.tid == signal.lastFill)
                    #expect(Set(used.map { "\($0.time) \($0.side) \($0.crossed) \($0.cause)" }).count == 1)
                    let weight = used.reduce(Int128(0)) { $0 + Int128($1.price.e8) * Int128($1.size.e8) }
                    #expect(Int128(signal.averagePrice.e8) == weight / Int128(signal.size.e8))
                }
                #expect(next == ofCoin.count)
            }
        }
    }

    @Test("the recorded flips are CLOSE and OPEN")
    func flips() throws {
        var flips: [String] = []
        for (name, fills) in try Fixture.leaders() {
            for signal in Self.signals(Self.blocks(fills).map(\.fills)) where signal.legs.count == 2 {
                flips.append("\(name) \(signal.coin) \(signal.legs[0].start) \(signal.legs[1].end)")
            }
        }
        #expect(flips.sorted() == [
            "leader-5 xyz:BRENTOIL 9.51 -4.48", "leader-5 xyz:CL -18.782 66.694", "leader-9 xyz:CXMT -209.9 12.4",
            "leader-9 xyz:CXMT -58.1 448.5",
        ])
    }

    @Test("R-04: shuffling within the milliseconds and joining messages changes no signal", arguments: 0..<12 as Range<UInt64>)
    func shuffles(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for (name, fills) in try Fixture.leaders() {
            let blocks = Self.blocks(fills)
            let expected = Self.canonical(Self.signals(blocks.map(\.fills)))
            var messages: [[LeaderFill]] = []
            for block in blocks {
                let shuffled = block.fills.shuffled(using: &generator)
                if !messages.isEmpty, Bool.random(using: &generator) {
                    messages[messages.count - 1] = (messages[messages.count - 1] + shuffled).shuffled(using: &generator)
                } else {
                    messages.append(shuffled)
                }
            }
            #expect(Self.canonical(Self.signals(messages)) == expected, "\(name)")
        }
    }

    @Test("R-01: delivering every message twice, and all of them again at the end, changes no signal")
    func duplicates() throws {
        for (name, fills) in try Fixture.leaders() {
            let messages = Self.blocks(fills).map(\.fills)
            let expected = Self.canonical(Self.signals(messages))
            #expect(Self.canonical(Self.signals(messages.flatMap { [$0, $0] } + [fills])) == expected, "\(name)")
        }
    }

    @Test("R-11: an ingest stopped at any message and restarted from its cursor neither skips nor repeats", arguments: 0..<8 as Range<UInt64>)
    func restarts(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for (name, fills) in try Fixture.leaders() {
            let blocks = Self.blocks(fills)
            let expected = Self.canonical(Self.signals(blocks.map(\.fills)))
            var found: [Signal] = []
            var builder = Sample.builder()
            for (index, block) in blocks.enumerated() {
                let arrival = block.time * 1_000 + 400_000
                while let deadline = builder.nextDeadline, deadline <= arrival { found += builder.flush(at: deadline).signals }
                found += builder.receive(message: block.fills, at: arrival).signals
                guard Int.random(in: 0..<20, using: &generator) == 0 else { continue }
                // The process ends: only the cursor survives. Its successor reads again from `resumeFrom`, with
                // or without an overlap.
                let cursor = try LeaderCursor(json: try JSON.parse(builder.cursor.json.bytes()))
                #expect(cursor == builder.cursor)
                builder = Sample.builder(cursor: cursor)
                let from = try #require(cursor.resumeFrom) - (seed.isMultiple(of: 2) ? 0 : 60_000)
                found += builder.receive(message: blocks[...index].flatMap(\.fills).filter { $0.time >= from }, at: arrival).signals
            }
            found += builder.finish(at: .max / 2).signals
            #expect(Self.canonical(found) == expected, "\(name)")
        }
    }
}
