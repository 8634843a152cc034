import Cryptography
import Foundation
import Testing

/// A process that exits while threads of it are at work.
struct ExitTests {
    @Test("a process that exits while its threads seal ends with its exit code", arguments: 1...5)
    func exitsWhileSealing(_: Int) async {
        await #expect(processExitsWith: .exitCode(7)) {
            try CryptographyLibrary.stayUsableAtExit()
            for _ in 0..<8 {
                Thread.detachNewThread {
                    while true {
                        guard let key = try? AES256GCM.makeKey() else { continue }
                        _ = try? AES256GCM.seal([1, 2, 3], key: key, associatedData: [])
                    }
                }
            }
            usleep(50_000)
            exit(7)
        }
    }
}
