import Foundation
import UnixSignals

/// The moment a process is asked to end: a signal, or the end of its supervisor.
enum ProcessEnd {
    /// - Parameter parent: the supervisor's process id; a fleet's process does not outlive it.
    static func wait(parent: Int32?) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { return } }
            if let parent {
                group.addTask {
                    while !Task.isCancelled, getppid() == parent { try? await Task.sleep(for: .milliseconds(500)) }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }
}
