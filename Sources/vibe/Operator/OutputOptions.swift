import ArgumentParser
import JSON

/// `--json`: one JSON value for programs instead of text for people.
struct OutputOptions: ParsableArguments, Sendable {
    @Flag(help: "Print JSON instead of text.") var json = false

    func show(_ value: JSON, _ text: () -> String) {
        Terminal.say(json ? value.text() : text())
    }
}
