import Postgres
import Testing

struct QueryTests {
    @Test("values come back as they were sent, in either format", arguments: [PostgresFormat.text, .binary])
    func roundTrip(format: PostgresFormat) async throws {
        let connection = try await PostgresConnection.toNewDatabase()
        let text = "naïve \"quoted\" \\ 🦊 {a,b}\n\t"
        let bytes: [UInt8] = [0, 1, 0x5C, 0x78, 255]
        let row = try await connection.query(
            """
            SELECT $1::text AS t, $2::bigint AS i, $3::bytea AS b, $4::bool AS yes, $5::text AS missing, $6::json AS data,
                ''::bytea AS nothing, 7::smallint AS small, (-8)::int AS middle
            """,
            [.text(text), .integer(.min), .bytes(bytes), true, nil, .text("{\"b\": 1.50, \"a\": 2}")], results: format)[0]
        #expect(try row.text("t") == text)
        #expect(try row.integer("i") == .min)
        #expect(try row.bytes("b") == bytes)
        #expect(try row.bool("yes"))
        #expect(try row.maybeText("missing") == nil)
        #expect(try row.text("data") == "{\"b\": 1.50, \"a\": 2}")
        #expect(try row.bytes("nothing") == [])
        #expect(try row.integer("small") == 7)
        #expect(try row.integer(8) == -8)
    }

    @Test("columns of values become rows through unnest, nulls included")
    func arrays() async throws {
        let connection = try await PostgresConnection.toNewDatabase()
        var days = PostgresArray(of: .date)
        [0, 20_000, -1].forEach { days.append(day: $0) }
        let rows = try await connection.query(
            "SELECT t, i, b, d::text AS d FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::date[]) AS u(t, i, b, d)",
            [.texts(orNull: ["a,\"b\"", nil, ""]), .integers([1, -2, .max]), .byteStrings([[], [0], [1, 2]]), .array(days)])
        #expect(try rows.map { try $0.maybeText("t") } == ["a,\"b\"", nil, ""])
        #expect(try rows.map { try $0.integer("i") } == [1, -2, .max])
        #expect(try rows.map { try $0.bytes("b") } == [[], [0], [1, 2]])
        #expect(try rows.map { try $0.text("d") } == ["1970-01-01", "2024-10-04", "1969-12-31"])
        let none = try await connection.query("SELECT * FROM unnest($1::text[])", [.texts([])])
        #expect(none.isEmpty)
        let list = try await connection.query(
            "SELECT array_agg(x ORDER BY x) AS list FROM unnest($1::text[]) AS x", [.texts(["b", "a"])], results: .binary)
        #expect(try list[0].texts("list") == ["a", "b"])
    }

    @Test("a value that is not what the caller expects names its column")
    func mismatch() async throws {
        let connection = try await PostgresConnection.toNewDatabase()
        let row = try await connection.query("SELECT 'x' AS name, NULL AS empty")[0]
        #expect(throws: PostgresError.failed(sqlstate: "42804", message: "result column name: expected an integer", detail: nil)) {
            try row.integer("name")
        }
        #expect(throws: PostgresError.failed(sqlstate: "42804", message: "result column empty: expected a value", detail: nil)) {
            try row.text("empty")
        }
        #expect(throws: PostgresError.failed(sqlstate: "42804", message: "the result has no column other", detail: "name, empty")) {
            try row.text("other")
        }
    }

    @Test("a refused statement says why and leaves the connection usable")
    func refusal() async throws {
        let connection = try await PostgresConnection.toNewDatabase()
        try await connection.execute("CREATE TABLE t (a int PRIMARY KEY)")
        let before = try await connection.backend()
        #expect(try await connection.execute("INSERT INTO t SELECT * FROM generate_series(1, 3)") == 3)
        await #expect {
            try await connection.execute("INSERT INTO t VALUES ($1::int)", [2])
        } throws: { error in
            guard case .failed("23505", _, let detail)? = error as? PostgresError else { return false }
            return detail == "Key (a)=(2) already exists."
        }
        await #expect(
            throws: PostgresError.failed(sqlstate: "22021", message: "a text parameter contains a zero byte", detail: "parameter $1")
        ) {
            try await connection.query("SELECT $1::text", [.text("a\0b")])
        }
        #expect(try await connection.backend() == before)
    }

    @Test("a script's error names its line, and nothing of the script remains")
    func script() async throws {
        let connection = try await PostgresConnection.toNewDatabase()
        await #expect {
            try await connection.execute(script: "CREATE TABLE a (x int);\nCREATE TABLE b (x int);\n  CREATE TABLE c (x wrong_type);")
        } throws: { error in
            guard case .failed("42704", _, let detail)? = error as? PostgresError else { return false }
            return detail == "line 3"
        }
        #expect(try await connection.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'").isEmpty)
    }

    @Test("a table changed under a prepared statement costs one call, not the statement")
    func stalePlan() async throws {
        let connection = try await PostgresConnection.toNewDatabase()
        try await connection.execute(script: "CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
        _ = try await connection.query("SELECT a FROM t")
        try await connection.execute(script: "ALTER TABLE t ALTER COLUMN a TYPE text")
        await #expect(throws: PostgresError.self) { try await connection.query("SELECT a FROM t") }
        #expect(try await connection.query("SELECT a FROM t")[0].text("a") == "1")
    }

    @Test("more statements than are kept prepared still run")
    func manyStatements() async throws {
        let connection = try await PostgresConnection.toNewDatabase()
        for number in 0..<300 {
            #expect(try await connection.query("SELECT \(number) + $1::int AS n", [1])[0].integer("n") == Int64(number + 1))
        }
        #expect(try await connection.query("SELECT count(*) AS n FROM pg_prepared_statements")[0].integer("n") == 256)
    }
}
