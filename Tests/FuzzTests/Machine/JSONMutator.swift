import JSON

/// Changes values, so that what comes out is JSON and gets past the parser into the decoders.
enum JSONMutator {
    static func mutate(_ input: JSON, corpus: [JSON], _ random: inout SplitMix64) -> JSON {
        var value = input
        for _ in 0...random.below(3) { value = step(value, corpus, &random) }
        return value
    }

    /// Goes down to some place and changes what is there.
    private static func step(_ value: JSON, _ corpus: [JSON], _ random: inout SplitMix64) -> JSON {
        switch value {
        case .object(var members) where !members.isEmpty && random.below(8) > 0:
            let index = random.below(members.count)
            switch random.below(12) {
            case 0: members.remove(at: index)
            case 1: members.append(members[index])
            case 2: members[index].name += random.pick(Hostile.words)
            case 3: members.swapAt(index, random.below(members.count))
            default: members[index].value = step(members[index].value, corpus, &random)
            }
            return .object(members)
        case .array(var elements) where !elements.isEmpty && random.below(8) > 0:
            let index = random.below(elements.count)
            switch random.below(8) {
            case 0: elements.remove(at: index)
            case 1: elements.append(elements[index])
            case 2: elements += Array(repeating: elements[index], count: 1 + random.below(40))
            default: elements[index] = step(elements[index], corpus, &random)
            }
            return .array(elements)
        default: return other(value, corpus, &random)
        }
    }

    private static func other(_ value: JSON, _ corpus: [JSON], _ random: inout SplitMix64) -> JSON {
        switch random.below(9) {
        case 0: .null
        case 1: .bool(random.below(2) == 0)
        // only what is JSON's kind of number
        case 2: (try? JSON.parse(random.pick(Hostile.numbers))) ?? 7
        case 3: .string(random.pick(Hostile.numbers))
        case 4: .string(random.pick(Hostile.words))
        case 5: .string(Hostile.long(&random))
        case 6: (0..<random.below(JSON.maximumDepth)).reduce(value) { inner, _ in .array([inner]) }
        case 7: random.pick(corpus)
        default: negated(value)
        }
    }

    private static func negated(_ value: JSON) -> JSON {
        switch value {
        case .number(let text): .number(text.hasPrefix("-") ? String(text.dropFirst()) : "-" + text)
        case .string(let text): .string(text.hasPrefix("-") ? String(text.dropFirst()) : "-" + text)
        default: .array([value, value])
        }
    }
}
