import Foundation

@testable import vibe

/// Looks for secrets in bytes, in every form in which one could have been written.
struct SecretHunt {
    struct Find: CustomStringConvertible {
        let secret: String
        let form: String
        let place: String
        var description: String { "the \(secret) stands in \(place), \(form)" }
    }

    private var needles: [(secret: String, form: String, bytes: [UInt8])] = []

    /// - Parameters:
    ///   - text: as the operator's file has it; for a key its hexadecimal digits.
    ///   - isKey: the digits stand for bytes.
    mutating func add(_ secret: String, _ text: String, isKey: Bool) {
        let raw = isKey ? Self.bytes(text) : Array(text.utf8)
        let digits = raw.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let base64 = Data(raw).base64EncodedString().replacingOccurrences(of: "=", with: "")
        // with 0x in front, in quotes, with padding: one of these stands within each
        var forms = [
            ("raw", raw), ("in hexadecimal", Array(digits.utf8)), ("in hexadecimal, upper case", Array(digits.uppercased().utf8)),
            ("in base64", Array(base64.utf8)),
            ("in base64 for URLs", Array(base64.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_").utf8)),
            // of text that began elsewhere: what is encoded with it shifts by one or two bytes
            ("in base64, shifted by one", Self.middle([0] + raw)), ("in base64, shifted by two", Self.middle([0, 0] + raw)),
            ("reversed", raw.reversed()),
        ]
        // how Swift and JSON print bytes
        if isKey { forms.append(("as numbers", Array(raw.map(String.init).joined(separator: ", ").utf8))) }
        needles += forms.map { (secret, $0.0, $0.1) }
    }

    private static func bytes(_ digits: String) -> [UInt8] {
        let digits = Array(digits)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    }

    /// What does not depend on the bytes around.
    private static func middle(_ bytes: [UInt8]) -> [UInt8] { Array(Data(bytes).base64EncodedString().utf8.dropFirst(4).dropLast(4)) }

    func look(_ bytes: Data, _ place: String) -> [Find] {
        bytes.withUnsafeBytes { haystack in
            guard let start = haystack.baseAddress else { return [] }
            return needles.compactMap { needle in
                Self.contains(haystack, start, needle.bytes) ? Find(secret: needle.secret, form: needle.form, place: place) : nil
            }
        }
    }

    /// By one of its bytes that is rarer than the zeros files are filled with.
    private static func contains(_ haystack: UnsafeRawBufferPointer, _ start: UnsafeRawPointer, _ needle: [UInt8]) -> Bool {
        guard !needle.isEmpty, haystack.count >= needle.count else { return false }
        let offset = needle.firstIndex { $0 != 0 && $0 != UInt8(ascii: "0") } ?? 0
        let last = haystack.count - needle.count + offset
        var at = offset
        while at <= last, let found = memchr(start + at, Int32(needle[offset]), last - at + 1) {
            let place = UnsafeRawPointer(found) - start
            if memcmp(start + place - offset, needle, needle.count) == 0 { return true }
            at = place + 1
        }
        return false
    }

    /// Every file of a folder, links followed once.
    /// - Parameter besides: folders, relative, that are the operator's own.
    func look(inFolder folder: String, besides: Set<String>) throws -> (files: Int, finds: [Find]) {
        var files = 0
        var finds: [Find] = []
        var folders = [folder]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: folder + "/" + name) { folders.append(target) }
        }
        for root in folders {
            for case let name as String in (FileManager.default.enumerator(atPath: root)?.allObjects ?? []) {
                guard !besides.contains(where: { name == $0 || name.hasPrefix($0 + "/") }) else { continue }
                let path = root + "/" + name
                guard (try? FileManager.default.attributesOfItem(atPath: path)[.type]) as? FileAttributeType == .typeRegular,
                    let data = FileManager.default.contents(atPath: path)
                else { continue }
                files += 1
                finds += look(data, path)
            }
        }
        return (files, finds)
    }
}
