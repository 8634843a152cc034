import Testing

@testable import HyperSim

@Suite struct NonceWindowTests {
    let now: Int64 = 1_800_000_000_000
    var base: UInt64 { UInt64(now) }

    @Test("a nonce is accepted once, in any order within the window")
    func once() throws {
        var window = NonceWindow()
        for offset: UInt64 in [5, 1, 9, 3] { try window.use(base + offset, now: now) }
        #expect(throws: NonceWindow.Refusal.duplicate(base + 3)) { try window.use(base + 3, now: now) }
        try window.use(base + 2, now: now)
    }

    @Test("once 100 nonces are stored, one below the smallest is too low and the smallest is a duplicate")
    func hundred() throws {
        var window = NonceWindow()
        for offset in 1...99 { try window.use(base + UInt64(offset) * 10, now: now) }
        try window.use(base + 5, now: now)
        #expect(throws: NonceWindow.Refusal.tooLow(base + 4, bound: base + 5)) { try window.use(base + 4, now: now) }
        #expect(throws: NonceWindow.Refusal.duplicate(base + 5)) { try window.use(base + 5, now: now) }
        try window.use(base + 2_000, now: now)
        #expect(throws: NonceWindow.Refusal.tooLow(base + 5, bound: base + 10)) { try window.use(base + 5, now: now) }
        try window.use(base + 11, now: now)
    }

    @Test("a nonce must lie within two days before and one day after now")
    func window() throws {
        var window = NonceWindow()
        let low = base - 2 * 86_400_000
        let high = base + 86_400_000
        #expect(throws: NonceWindow.Refusal.tooLow(low, bound: low)) { try window.use(low, now: now) }
        #expect(throws: NonceWindow.Refusal.tooHigh(high, bound: high)) { try window.use(high, now: now) }
        try window.use(low + 1, now: now)
        try window.use(high - 1, now: now)
    }

    @Test("the three refusals are worded as the exchange words them")
    func texts() {
        #expect(NonceWindow.Refusal.duplicate(1_700_000_000_000).text == "Invalid nonce: duplicate nonce 1700000000000")
        #expect(NonceWindow.Refusal.tooLow(5, bound: 10).text == "Invalid nonce: nonce too low 5 < 10")
        #expect(NonceWindow.Refusal.tooHigh(11, bound: 10).text == "Invalid nonce: nonce too high 11 > 10")
    }
}
