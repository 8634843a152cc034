import CopyTrading
import Testing

@testable import Pipeline

/// Whose turn it is to send.
@Suite struct AttentionTests {
    private func key(_ number: Int, partition: Int = 0) -> WorkStage.AccountKey {
        WorkStage.AccountKey(partition: partition, account: AccountID("0x\(number)"))
    }

    private func all(_ attention: inout Attention, urgentOnly: Bool = false) -> [String] {
        var found: [String] = []
        while let next = attention.next(urgentOnly: urgentOnly) { found.append(next.account.text) }
        return found
    }

    @Test("R-72: exits first, then in the order of coming, each once")
    func order() {
        var attention = Attention()
        for number in [3, 1, 2, 3, 1] { attention.insert(key(number), isUrgent: false) }
        attention.insert(key(4), isUrgent: true)
        attention.insert(key(2), isUrgent: true)
        #expect(attention.count == 4)
        #expect(all(&attention, urgentOnly: true) == ["0x4", "0x2"])
        #expect(!attention.isEmpty)
        #expect(all(&attention) == ["0x3", "0x1"])
        #expect(attention.isEmpty)
    }

    @Test("R-72: who became urgent stays so until it is taken, and comes back as what it is then")
    func urgency() {
        var attention = Attention()
        attention.insert(key(1), isUrgent: false)
        attention.insert(key(2), isUrgent: true)
        attention.insert(key(2), isUrgent: false)
        attention.insert(key(1), isUrgent: true)
        #expect(all(&attention, urgentOnly: true) == ["0x2", "0x1"])
        attention.insert(key(1), isUrgent: false)
        #expect(all(&attention, urgentOnly: true).isEmpty)
        #expect(all(&attention) == ["0x1"])
    }

    @Test("a partition that is given up leaves nobody behind, and thousands pass")
    func partitions() {
        var attention = Attention()
        for number in 0..<5_000 { attention.insert(key(number, partition: number % 2), isUrgent: number % 3 == 0) }
        attention.removeAll(of: 1)
        #expect(attention.count == 2_500)
        let found = all(&attention)
        #expect(found.count == 2_500 && Set(found).count == 2_500)
        #expect(attention.isEmpty)
    }
}
