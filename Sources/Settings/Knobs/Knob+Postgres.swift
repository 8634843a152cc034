extension Knob {
    static let postgres = [
        Knob(
            "POSTGRES_URL", .postgres, .url(schemes: ["postgresql", "postgres"]), standard: "postgresql://127.0.0.1:5432/vibe",
            purpose: "The database of the configuration and the audit trail, as libpq reads it; for a socket directory "
                + "postgresql:///vibe?host=/path&user=vibe. A host other than this machine needs an explicit sslmode: write "
                + "?sslmode=verify-full&sslrootcert=/path/ca.pem (and sslcert, sslkey for a client certificate).",
            effect: "Every role that reads configuration, and audit, opens a few connections to it. Any other sslmode, disable too, is "
                + "taken as written. deploy/postgres/roles has a role for each of ours."),
        Knob(
            "POSTGRES_PASSWORD", .postgres, .secret("the password"),
            purpose: "Password for the URL above; VIBE_POSTGRES_PASSWORD_FILE names a file that holds it instead.",
            effect: "Takes the place of a password inside the URL."),
        Knob(
            "MIGRATIONS", .postgres, .path,
            purpose: "The folder of numbered SQL files that `vibe migrate` applies. Without it deploy/postgres is looked for in the "
                + "current directory, above the program, and as share/vibe/postgres beside its bin.",
            effect: "Needed where the program was copied without the folder."),
    ]
}
