import JSON
import Testing

@testable import Hyperliquid

@Suite("The filter of trades")
struct TradeFilterTests {
    /// Frames of trades, committed and recorded, as bytes.
    private static let frames: [[UInt8]] = RecordedFrames.files.flatMap { file in
        ((try? file.frames()) ?? []).filter { $0.hasPrefix(#"{"channel":"trades""#) }.map { Array($0.utf8) }
    }

    private static let users: [String] = Array(Set(frames.flatMap { parties($0) ?? [] })).sorted()

    /// Everyone who takes part by the decoder; `nil` when the frame, or one of its trades, cannot be decoded.
    private static func parties(_ frame: [UInt8]) -> [String]? {
        var leftOut: [FeedFault] = []
        guard let json = try? JSON.parse(frame), case .trades(let trades)? = try? FeedMessage(json: json, leftOut: &leftOut), leftOut.isEmpty
        else { return nil }
        return trades.flatMap { [$0.buyer, $0.seller].compactMap(\.self) }
    }

    private static func frame(_ trades: String) -> [UInt8] { Array(#"{"channel":"trades","data":[\#(trades)]}"#.utf8) }

    @Test("recorded frames are decided, and as the decoder decides")
    func recorded() {
        #expect(Self.frames.count > 100 && Self.users.count > 20)
        let followed = Set(Self.users.enumerated().filter { $0.offset % 7 == 0 }.map(\.element))
        let filter = TradeFilter(addresses: followed)
        var decided: [TradeFilter.Verdict: Int] = [:]
        for frame in Self.frames {
            let parties = Self.parties(frame) ?? []
            let verdict = filter.judge(frame)
            decided[verdict, default: 0] += 1
            // Frames of 2024 name nobody.
            let expected: TradeFilter.Verdict = parties.isEmpty ? .undecided : parties.contains(where: followed.contains) ? .followed : .unfollowed
            #expect(verdict == expected)
        }
        #expect(decided[.followed, default: 0] > 10 && decided[.unfollowed, default: 0] > 10)
    }

    @Test("whatever becomes of a frame's bytes, one in which the decoder finds a followed party is not dropped", arguments: 0..<8 as Range<UInt64>)
    func mutated(_ seed: UInt64) {
        var random = SplitMix(state: seed)
        let followed = Set(Self.users.filter { _ in random.next() % 3 == 0 })
        let filter = TradeFilter(addresses: followed.map { random.next() % 2 == 0 ? $0 : "0x" + $0.dropFirst(2).uppercased() })
        var verdicts: [TradeFilter.Verdict: Int] = [:]
        for _ in 0..<2_000 {
            var frame = Self.frames.randomElement(using: &random)!
            for _ in 0..<Int.random(in: 0...3, using: &random) { Self.mutate(&frame, &random) }
            let verdict = filter.judge(frame)
            verdicts[verdict, default: 0] += 1
            guard let parties = Self.parties(frame) else { continue }
            let isFollowed = parties.contains(where: followed.contains)
            if verdict == .unfollowed { #expect(!isFollowed, "\(String(decoding: frame, as: UTF8.self))") }
            if verdict == .followed { #expect(isFollowed, "\(String(decoding: frame, as: UTF8.self))") }
        }
        #expect([.followed, .unfollowed, .undecided].allSatisfy { verdicts[$0, default: 0] > 20 })
    }

    private static func mutate(_ frame: inout [UInt8], _ random: inout SplitMix) {
        let at = Int.random(in: 0..<frame.count, using: &random)
        let part = at..<min(frame.count, at + Int.random(in: 1...120, using: &random))
        switch random.next() % 6 {
        case 0: frame[at] = UInt8.random(in: 32...126, using: &random)
        case 1: frame.insert(contentsOf: [" ", "}", "{", "\"", "\\", ","].randomElement(using: &random)!.utf8, at: at)
        case 2: frame.remove(at: at)
        case 3: frame.insert(contentsOf: frame[part], at: at)
        case 4: frame.removeSubrange(part)
        default:
            // A whole trade of another frame: stays valid more often.
            let other = frames.randomElement(using: &random)!
            frame.insert(contentsOf: other.dropFirst(28).dropLast(2) + [UInt8(ascii: ",")], at: min(28, frame.count))
        }
    }

    private let alice = "0x" + String(repeating: "a", count: 40)
    private let other = "0x" + String(repeating: "0", count: 40)

    @Test("a followed seller or buyer counts, in any trade of the frame and in either case of letters")
    func parties() {
        let filter = TradeFilter(addresses: [alice, "nobody"])
        let none = #"{"coin":"X","users":["\#(other)","\#(other)"]}"#
        for users in [[alice, other], [other, alice], [other, "0x" + String(repeating: "A", count: 40)]] {
            let trade = #"{"coin":"X","users":["\#(users[0])","\#(users[1])"],"new":1}"#
            #expect(filter.judge(Self.frame(trade)) == .followed)
            #expect(filter.judge(Self.frame("\(none),\(trade),\(none)")) == .followed)
        }
        #expect(filter.judge(Self.frame("\(none),\(none)")) == .unfollowed)
        #expect(TradeFilter(addresses: []).judge(Self.frame(none)) == .unfollowed)
    }

    @Test("other channels and other shapes are left to the decoder")
    func shapes() {
        let filter = TradeFilter(addresses: [alice])
        let users = #""users":["\#(other)","\#(other)"]"#
        for trades in [
            "", "{}", #"{"coin":"X"}"#, #"{"coin":"a}b",\#(users)}"#, #"{"x":{\#(users)}}"#, #"{\#(users)} "#, #"{"users":null,\#(users)}"#,
            #"{"\u0075sers":["\#(alice)","\#(alice)"],\#(users)}"#, #"{"users": ["\#(alice)","\#(alice)"],\#(users)}"#,
            #"{"users":["\#(other)"]}"#, #"{"users":["\#(other)","0xz"]}"#,
        ] {
            #expect(filter.judge(Self.frame(trades)) == .undecided, "\(trades)")
        }
        for frame in ["", "{", #"{"channel":"bbo","data":{}}"#, #"{"data":[],"channel":"trades"}"#, "Websocket connection established."] {
            #expect(filter.judge(Array(frame.utf8)) == .otherChannel)
        }
        #expect(filter.judge(Array(#"{"channel":"trades","data": []}"#.utf8)) == .undecided)
    }
}

/// Random numbers that a seed repeats.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
