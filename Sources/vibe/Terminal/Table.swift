/// Rows under headings, aligned, and cut to the width of the terminal: columns that may give way lose their middle, never a figure.
struct Table {
    struct Column {
        let title: String
        /// Figures stand to the right.
        let isFigure: Bool
        /// May be shortened when the table is too wide.
        let mayShrink: Bool

        static func text(_ title: String, mayShrink: Bool = false) -> Column { Column(title: title, isFigure: false, mayShrink: mayShrink) }
        static func figure(_ title: String) -> Column { Column(title: title, isFigure: true, mayShrink: false) }
    }

    struct Cell: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
        let text: String
        let style: Terminal.Style?

        init(_ text: String, _ style: Terminal.Style? = nil) {
            self.text = text
            self.style = style
        }

        init(stringLiteral value: String) { self.init(value) }
    }

    let columns: [Column]
    private(set) var rows: [[Cell]] = []

    init(_ columns: [Column]) { self.columns = columns }

    mutating func add(_ cells: [Cell]) {
        precondition(cells.count == columns.count, "a row has one cell a column")
        rows.append(cells)
    }

    /// - Parameter indent: spaces before each line; they count towards the terminal's width.
    func rendered(for terminal: Terminal = .output, indent: Int = 0) -> String {
        let widths = fitted(to: terminal.width - indent)
        let head = line(columns.map { Cell($0.title, .bold) }, widths, terminal)
        let margin = String(repeating: " ", count: indent)
        return ([head] + rows.map { line($0, widths, terminal) }).map { margin + $0 }.joined(separator: "\n")
    }

    /// Whether nothing has to be shortened.
    func fits(_ terminal: Terminal, indent: Int = 0) -> Bool { width(of: natural) <= terminal.width - indent }

    private static let gap = 2
    private static let narrowest = 6

    /// Each column's width with nothing shortened.
    private var natural: [Int] {
        columns.indices.map { column in ([columns[column].title.count] + rows.map { $0[column].text.count }).max() ?? 0 }
    }

    private func width(of widths: [Int]) -> Int { widths.reduce(0, +) + Self.gap * (columns.count - 1) }

    private func fitted(to width: Int) -> [Int] {
        var widths = natural
        var excess = self.width(of: widths) - width
        while excess > 0,
            let widest = columns.indices.filter({ columns[$0].mayShrink && widths[$0] > Self.narrowest }).max(by: { widths[$0] < widths[$1] })
        {
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private func line(_ cells: [Cell], _ widths: [Int], _ terminal: Terminal) -> String {
        var text = ""
        for (index, cell) in cells.enumerated() {
            let shown = Format.shortened(cell.text, to: widths[index])
            let padding = String(repeating: " ", count: widths[index] - shown.count)
            let styled = cell.style.map { terminal.styled(shown, $0) } ?? shown
            let isLast = index == cells.count - 1
            text += columns[index].isFigure ? padding + styled : styled + (isLast ? "" : padding)
            if !isLast { text += String(repeating: " ", count: Self.gap) }
        }
        return text
    }
}
