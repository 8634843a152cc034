import Foundation
import Testing

/// Each rule is a test: its number is in the test's name.
@Suite("The rules and their tests")
struct RuleCoverageTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    private static func names() throws -> [TestNames.Name] {
        try TestNames.read(under: folder.deletingLastPathComponent(), excluding: folder)
    }

    @Test("every rule has a test that names it, or is on record as not built")
    func rules() throws {
        let names = try Self.names()
        let tested = Set(names.flatMap(\.rules))
        let built = Set(CopyRules.titles.keys).subtracting(CopyRules.notYetBuilt.keys)
        for number in built.subtracting(tested).sorted() {
            Issue.record("\(Self.rule(number)) has no test that names it: \(CopyRules.titles[number] ?? "")")
        }
        for number in tested.subtracting(CopyRules.titles.keys).sorted() {
            Issue.record("\(Self.rule(number)) is in a test's name, and no rule")
        }
        for (number, reason) in CopyRules.notYetBuilt.sorted(by: { $0.key < $1.key }) where tested.contains(number) {
            Issue.record("\(Self.rule(number)) has a test, and is said not to be built: \(reason)")
        }
        #expect(Set(CopyRules.notYetBuilt.keys).isSubset(of: CopyRules.titles.keys))
        let missing = CopyRules.notYetBuilt.keys.sorted().map(Self.rule).joined(separator: ", ")
        let count = names.count { !$0.isSuite && !$0.rules.isEmpty }
        print("rules: \(tested.intersection(CopyRules.titles.keys).count) of \(CopyRules.titles.count) tested by number, in \(count) tests"
            + (missing.isEmpty ? "" : "; \(CopyRules.notYetBuilt.count) not built: \(missing)"))
    }

    @Test("every golden vector has a test that names it, or is on record as not built")
    func goldenVectors() throws {
        let tested = Set(try Self.names().flatMap(\.goldenVectors))
        let built = Set(CopyRules.goldenVectors).subtracting(CopyRules.goldenNotYetBuilt.keys)
        #expect(tested == built, "missing \(built.subtracting(tested).sorted()), unexpected \(tested.subtracting(built).sorted())")
        print("golden vectors: \(tested.count) of \(CopyRules.goldenVectors.count) tested by number")
    }

    @Test("names are found on the line of the attribute and below it, with all their numbers")
    func scanning() {
        let source = """
            @Suite("Several") struct A {
                @Test("R-27, R-28: two rules, no R-3 and no XR-41", arguments: ["R-99"])
                @Test(
                    "Golden 8, R-42: a \\"quoted\\" name",
                    arguments: [1])
                @Test func unnamed() { let text = "R-50" }
            """
        let names = TestNames.names(in: source)
        #expect(names.map(\.isSuite) == [true, false, false])
        #expect(names.map(\.rules) == [[], [27, 28], [42]])
        #expect(names.map(\.goldenVectors) == [[], [], [8]])
    }

    private static func rule(_ number: Int) -> String { "R-" + (number < 10 ? "0" : "") + "\(number)" }
}
