import Glibc
import Synchronization

/// A plan in force: counts passes and acts.
@usableFromInline
final class ArmedFailpoints: Sendable {
    private final class Armed: Sendable {
        let order: FailpointPlan.Order
        let passes = Atomic<Int>(0)

        init(_ order: FailpointPlan.Order) { self.order = order }
    }

    private let plan: FailpointPlan
    private let points: [Failpoint: Armed]

    init(_ plan: FailpointPlan) {
        self.plan = plan
        points = Dictionary(uniqueKeysWithValues: plan.orders.map { ($0.point, Armed($0)) })
    }

    /// Every role reads its settings first, which refuse a faulty text with a proper message.
    static func fromEnvironment() -> ArmedFailpoints? {
        guard let text = getenv("VIBE_FAILPOINTS") else { return nil }
        let seed = getenv("VIBE_FAILPOINTS_SEED").flatMap { UInt64(String(cString: $0)) } ?? 0
        do { return ArmedFailpoints(try FailpointPlan(parsing: String(cString: text), seed: seed)) } catch {
            fatalError("VIBE_FAILPOINTS: \(error)")
        }
    }

    /// Counts a pass.
    /// - Returns: what it comes to; `nil`: nothing.
    func decide(_ point: Failpoint) -> (order: FailpointPlan.Order, pass: Int)? {
        guard let armed = points[point] else { return nil }
        let pass = armed.passes.add(1, ordering: .relaxed).newValue
        return plan.happens(armed.order, pass: pass) ? (armed.order, pass) : nil
    }

    /// - Returns: whether the caller is to throw.
    @usableFromInline func pass(_ point: Failpoint) -> Bool {
        guard let (order, pass) = decide(point) else { return false }
        tell("failpoint \(order.text): pass \(pass)\n")
        switch order.action {
        case .kill: kill(getpid(), SIGKILL)
        // to this thread, so that it does not go on until the signal has stopped the process
        case .stop: raise(SIGSTOP)
        case .delay(let microseconds): usleep(UInt32(microseconds))
        case .fail: return true
        }
        return false
    }

    @usableFromInline func pass(stage: String, _ step: Failpoint.Step) -> Bool {
        Failpoint.of(stage: stage, step).map { pass($0) } ?? false
    }

    /// Straight to standard error: no logger would get to write it.
    private func tell(_ line: String) { _ = Array(line.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) } }
}
