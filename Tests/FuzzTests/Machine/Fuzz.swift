import Foundation
import JSON
import Testing

/// Runs a decoder on many broken inputs, the same ones for the same seed.
///
/// An input is written to a file before it is tried. A decoder that traps ends the test process and leaves that file:
/// `vibe-fuzz-<decoder>-<process id>` in the temporary directory. `VIBE_FUZZ_INPUT=<file>` tries that input alone, with every decoder.
///
/// | variable | what |
/// |---|---|
/// | `VIBE_FUZZ_CASES` | inputs for each decoder; a few hundred by default, so that all of it takes seconds in a debug build |
/// | `VIBE_FUZZ_SEED` | of the inputs; the same by default, so that a failure is one's own |
///
/// Coverage-guided fuzzing works with this toolchain too: a program of one file with
/// `@_cdecl("LLVMFuzzerTestOneInput") public func fuzz(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt`, built with
/// `swiftc -parse-as-library -sanitize=fuzzer` and the sources of the module. The inputs here need no such build and run everywhere.
enum Fuzz {
    static let seed = number("VIBE_FUZZ_SEED") ?? 20_261_126

    /// What a decoder owes: a value, or an error of its own; and what else `body` checks.
    struct Broken: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    /// - Parameters:
    ///   - cases: for bytes; as many again for changed values where the corpus is JSON.
    ///   - body: throws ``Broken``, or anything that the decoder does not promise.
    static func run(_ name: String, corpus: [[UInt8]], cases: Int = 300, _ body: ([UInt8]) throws -> Void) throws {
        try #require(!corpus.isEmpty, "\(name) has nothing to begin with")
        let cases = number("VIBE_FUZZ_CASES").map(Int.init) ?? cases
        let record = try Record(name)
        if let file = ProcessInfo.processInfo.environment["VIBE_FUZZ_INPUT"] {
            return try record.attempt([UInt8](Data(contentsOf: URL(filePath: file))), "VIBE_FUZZ_INPUT", body)
        }
        for (index, input) in corpus.enumerated() { try record.attempt(input, "corpus \(index)", body) }
        var random = SplitMix64(seed: seed)
        let values = corpus.compactMap { try? JSON.parse($0) }
        for index in 0..<cases {
            try record.attempt(ByteMutator.mutate(random.pick(corpus), corpus: corpus, &random), "bytes \(index)", body)
            guard !values.isEmpty else { continue }
            try record.attempt(JSONMutator.mutate(random.pick(values), corpus: values, &random).bytes(), "values \(index)", body)
        }
        record.remove()
    }

    private static func number(_ name: String) -> UInt64? { ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } }

    /// The file with the input under way.
    private struct Record {
        let name: String
        let path: String
        private let descriptor: Int32

        init(_ name: String) throws {
            self.name = name
            path = FileManager.default.temporaryDirectory.path + "/vibe-fuzz-\(name)-\(getpid())"
            descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw Broken("\(path): \(String(cString: strerror(errno)))") }
        }

        func attempt(_ input: [UInt8], _ which: String, _ body: ([UInt8]) throws -> Void) throws {
            guard ftruncate(descriptor, 0) == 0, input.withUnsafeBytes({ pwrite(descriptor, $0.baseAddress, $0.count, 0) }) == input.count else {
                throw Broken("\(path): \(String(cString: strerror(errno)))")
            }
            do { try body(input) } catch {
                close(descriptor)
                throw Broken("\(name), seed \(Fuzz.seed), \(which), input in \(path): \(error)")
            }
        }

        func remove() {
            close(descriptor)
            unlink(path)
        }
    }
}
