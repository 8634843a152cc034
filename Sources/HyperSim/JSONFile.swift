import Foundation
import JSON

/// A JSON file that the simulator is started with.
enum JSONFile {
    /// A recorded day of the busiest leaders has some 20 MB.
    static let maximumBytes = 512 << 20

    /// - Throws: ``HyperSimError/configuration(_:)`` that names the file, when it cannot be read or is not what is expected.
    static func read<Value>(_ path: String, _ value: (JSON) throws(JSONError) -> Value) throws(HyperSimError) -> Value {
        let data: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            data = try file.read(upToCount: maximumBytes + 1) ?? Data()
        } catch { throw .configuration("\(path): cannot be read: \(error.localizedDescription)") }
        guard data.count <= maximumBytes else { throw .configuration("\(path): is larger than \(maximumBytes >> 20) MiB") }
        do { return try value(try JSON.parse([UInt8](data))) } catch { throw .configuration("\(path): \(error)") }
    }
}
