import CYaml

/// Looks at a YAML text before anything is built of it: a few kilobytes with aliases can stand for gigabytes, and what nests deeply is read
/// by a recursion. Mistakes in the YAML itself are the parser's to report.
enum YAMLShape {
    /// Levels of lists and mappings; a configuration has 4.
    static let maximumDepth = 32
    /// Keys, values, lists and mappings together: 50,000 subscriptions of 18 settings have as many.
    static let maximumNodes = 2_000_000

    /// Line and problem, or `nil`.
    static func fault(of text: String) -> (line: Int, problem: String)? {
        var text = text
        return text.withUTF8 { bytes in
            guard let start = bytes.baseAddress, !bytes.isEmpty else { return nil }
            var parser = yaml_parser_t()
            guard yaml_parser_initialize(&parser) == 1 else { return (0, "no memory to read it") }
            defer { yaml_parser_delete(&parser) }
            yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(&parser, start, bytes.count)
            return walk(&parser)
        }
    }

    private static func walk(_ parser: inout yaml_parser_t) -> (line: Int, problem: String)? {
        var depth = 0
        var nodes = 0
        while true {
            var event = yaml_event_t()
            guard yaml_parser_parse(&parser, &event) == 1 else { return nil }
            defer { yaml_event_delete(&event) }
            let line = Int(event.start_mark.line) + 1
            var anchor: UnsafeMutablePointer<UInt8>?
            switch event.type {
            case YAML_STREAM_END_EVENT: return nil
            case YAML_ALIAS_EVENT: anchor = event.data.alias.anchor
            case YAML_SCALAR_EVENT: anchor = event.data.scalar.anchor
            case YAML_SEQUENCE_START_EVENT:
                anchor = event.data.sequence_start.anchor
                depth += 1
            case YAML_MAPPING_START_EVENT:
                anchor = event.data.mapping_start.anchor
                depth += 1
            case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: depth -= 1
            default: continue
            }
            nodes += 1
            if anchor != nil { return (line, "anchors and aliases (& and *) are not read here") }
            if depth > maximumDepth { return (line, "is nested deeper than \(maximumDepth) levels") }
            if nodes > maximumNodes { return (line, "has more than \(maximumNodes) keys and values") }
        }
    }
}
