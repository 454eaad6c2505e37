//! The ledger: what the product promises, clause by clause, and what proves it.
//!
//! The text is `policy/clauses.toml`, built into the binary. That the tests it names exist and run is checked by
//! `crates/testkit/tests/ledger.rs`.

use std::fmt::Write;

use serde::Deserialize;

/// The ledger as it was built in.
pub const TEXT: &str = include_str!("../../../policy/clauses.toml");

/// The stable names of all clauses, in the order of the policy.
pub const CLAUSES: &[&str] = &[
    "P1.1a", "P1.1b", "P3.1a", "P3.1b", "P3.1c", "P3.2a", "P3.2b", "P3.3.1", "P3.3.2a", "P3.3.2b", "P3.3.2c",
    "P3.3.3", "P3.3.4", "P3.4a", "P3.4b", "P3.4c", "P3.4d", "P3.5a", "P3.5b", "P3.6", "P4.1", "P4.2", "P4.3",
    "P5.1", "P5.2", "P5.3a", "P5.3b", "P5.3c", "P5.4", "P5.5", "P5.6a", "P5.6.1", "P6.1", "P6.3a", "P6.3b",
    "P6.3c", "P7.1", "P7.2", "P7.3", "P7.4", "P8.3", "P8.4", "P9.1a", "P9.1b", "P10.1", "P10.2a", "P10.2b",
    "P10.2c", "P10.2d", "P10.3a", "P10.3b", "P10.4", "P11", "P12a", "P12b", "P12c",
];

/// How far a clause is true.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// True, and tests prove it.
    Kept,
    /// True as far as `how` says.
    Partial,
    /// Not true yet.
    Open,
}

/// One promise.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// The policy's own number, such as `P3.3.2a`.
    pub id: String,
    /// The promise in one sentence.
    pub text: String,
    pub state: State,
    /// How it is kept, or what is missing; empty while nothing is built.
    #[serde(default)]
    pub how: String,
    /// What proves it: `crate::module::test` for Rust, `e2e/tests/file.py::test` for the foreign clients.
    #[serde(default)]
    pub tests: Vec<String>,
}

/// One way in which a ledger is not one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    #[error("not TOML of the ledger's shape: {0}")]
    Syntax(String),
    #[error("clause {0} is missing")]
    Missing(&'static str),
    #[error("clause {0} is unknown, comes twice or stands out of order")]
    Unexpected(String),
    #[error("clause {0} has no text")]
    NoText(String),
    #[error("clause {0} is not open, and does not say how it is kept")]
    NoHow(String),
    #[error("clause {0} is kept, and names no test")]
    NoTest(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    clause: Vec<Clause>,
}

/// The ledger that was built in.
pub fn ledger() -> Result<Vec<Clause>, LedgerError> {
    parse(TEXT)
}

/// Reads a ledger: every clause once, in the policy's order, each with what its state asks for.
pub fn parse(text: &str) -> Result<Vec<Clause>, LedgerError> {
    let document: Document = toml::from_str(text).map_err(|error| LedgerError::Syntax(error.to_string()))?;
    let mut expected = CLAUSES.iter();
    for clause in &document.clause {
        if expected.next() != Some(&clause.id.as_str()) {
            return Err(LedgerError::Unexpected(clause.id.clone()));
        }
        let id = || clause.id.clone();
        match clause.state {
            _ if clause.text.trim().is_empty() => return Err(LedgerError::NoText(id())),
            State::Kept | State::Partial if clause.how.trim().is_empty() => {
                return Err(LedgerError::NoHow(id()));
            }
            State::Kept if clause.tests.is_empty() => return Err(LedgerError::NoTest(id())),
            _ => {}
        }
    }
    expected.next().map_or(Ok(document.clause), |missing| Err(LedgerError::Missing(missing)))
}

/// The ledger for a terminal: one clause a paragraph, the sum at the end.
pub fn render(clauses: &[Clause]) -> String {
    let mut out = String::new();
    for clause in clauses {
        let state = match clause.state {
            State::Kept => "kept",
            State::Partial => "partial",
            State::Open => "open",
        };
        let _ = writeln!(out, "{:8} {state:8} {}", clause.id, clause.text);
        for line in std::iter::once(&clause.how).filter(|how| !how.is_empty()) {
            let _ = writeln!(out, "{:17} {line}", "");
        }
        for test in &clause.tests {
            let _ = writeln!(out, "{:17} proof: {test}", "");
        }
    }
    let count = |state| clauses.iter().filter(|clause| clause.state == state).count();
    let (kept, partial, open) = (count(State::Kept), count(State::Partial), count(State::Open));
    let _ = writeln!(out, "\n{} clauses: {kept} kept, {partial} partial, {open} open", clauses.len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The built-in ledger with one piece of text replaced.
    fn check(from: &str, to: &str, expected: Result<(), LedgerError>) {
        let mut all = String::new();
        for id in CLAUSES {
            let _ = write!(all, "[[clause]]\nid = \"{id}\"\ntext = \"t\"\nstate = \"open\"\n");
        }
        assert!(all.contains(from), "{from}");
        assert_eq!(parse(&all.replacen(from, to, 1)).map(|_| ()), expected, "{from} -> {to}");
    }

    #[test]
    fn the_built_in_ledger_is_one() {
        let clauses = ledger().unwrap();
        assert_eq!(clauses.len(), CLAUSES.len());
        let printed = render(&clauses);
        for id in CLAUSES {
            assert!(printed.contains(id), "{id}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let first = "id = \"P1.1a\"\ntext = \"t\"\nstate = \"open\"";
        let with = |rest: &str| first.replace("state = \"open\"", rest);
        let id = || "P1.1a".to_owned();
        check(first, first, Ok(()));
        check("P1.1a", "P1.1x", Err(LedgerError::Unexpected("P1.1x".into())));
        check("P1.1b", "P1.1a", Err(LedgerError::Unexpected(id())));
        check(
            "[[clause]]\nid = \"P12c\"\ntext = \"t\"\nstate = \"open\"\n",
            "",
            Err(LedgerError::Missing("P12c")),
        );
        check("text = \"t\"", "text = \" \"", Err(LedgerError::NoText(id())));
        check(first, &with("state = \"partial\""), Err(LedgerError::NoHow(id())));
        check(first, &with("state = \"kept\"\nhow = \"h\""), Err(LedgerError::NoTest(id())));
        check(first, &with("state = \"kept\"\nhow = \"h\"\ntests = [\"a::b\"]"), Ok(()));
        for bad in ["state = \"done\"", "state = \"open\"\nwhen = 1", ""] {
            let mut text = String::from("[[clause]]\n");
            text.push_str(&with(bad));
            assert!(matches!(parse(&text), Err(LedgerError::Syntax(_))), "{bad}");
        }
    }
}
