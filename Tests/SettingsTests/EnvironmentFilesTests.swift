import Foundation
import Settings
import Testing

@Suite("The files under env/")
struct EnvironmentFilesTests {
    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("env")

    @Test("each file is what the table of knobs says; `vibe settings --write env` renews them", arguments: Knob.Area.allCases)
    func rendered(area: Knob.Area) throws {
        let file = Self.directory.appendingPathComponent("\(area.rawValue).env")
        #expect(try String(contentsOf: file, encoding: .utf8) == Knob.file(of: area))
    }

    @Test("every knob is in a file and every assignment in a file is a knob, at its default")
    func bothWays() throws {
        var assigned: [String: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: Self.directory.path) where name.hasSuffix(".env") {
            let file = Self.directory.appendingPathComponent(name)
            #expect(Knob.Area(rawValue: file.deletingPathExtension().lastPathComponent) != nil, "\(file.lastPathComponent) is no area")
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") where line.hasPrefix("#VIBE_") {
                let parts = line.dropFirst().split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                #expect(assigned.updateValue(String(parts[1]), forKey: String(parts[0])) == nil, "\(parts[0]) stands twice")
            }
        }
        var known: [String: String] = [:]
        for knob in Knob.all {
            for variable in knob.variables { known[variable] = knob.standard ?? "" }
            if knob.perID { known[knob.name + "__<id>"] = "" }
        }
        #expect(assigned == known)
    }

    @Test("the defaults, given explicitly, are accepted and change nothing")
    func defaults() throws {
        let environment = Dictionary(uniqueKeysWithValues: Knob.all.compactMap { knob in knob.standard.map { (knob.name, $0) } })
        let given = try Settings(environment: environment)
        #expect(try "\(given)" == "\(Settings(environment: [:]))")
    }
}
