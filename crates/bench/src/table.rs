//! The figures for people: a table between two marks of a page, and a line a run below it.

use std::fmt::Write as _;

use crate::figures::{Results, Run};

const BEGIN: &str = "<!-- figures: written by `make bench` -->";
const END: &str = "<!-- end of figures -->";
const HISTORY: &str = "<!-- end of history -->";

/// What the history shows of each run.
const KEPT: &[&str] = &[
    "delivered_per_s_w16",
    "delivered_per_s_w16_postgres",
    "p99_ms_50pairs_w1",
    "p50_ms_1pair_w1",
    "kib_written_per_msg_w16",
    "flushes_per_msg_w16",
    "server_cpu_us_per_msg_w16",
    "kib_per_idle_conn",
    "handshakes_per_s",
    "cold_start_ms",
    "history_100_per_s",
    "dialogs_100_per_s",
    "growth_ratio_1m_messages",
];

/// All figures, as a table.
pub fn render(results: &Results) -> String {
    let mut out = String::from("| figure | value | target | limit of the machine | ratio | how | commit |\n");
    out.push_str("|---|---|---|---|---|---|---|\n");
    for (name, figure) in results {
        let text = |key: &str| figure[key].as_str().unwrap_or_default();
        let number = |key: &str| figure[key].as_f64().map(number).unwrap_or_default();
        let target = match figure["met"].as_bool() {
            Some(true) => format!("{}, met", number("target")),
            Some(false) => format!("{}, **missed**", number("target")),
            None => String::new(),
        };
        let limit = match text("limit_is") {
            "" => String::new(),
            how => format!("{} ({how})", number("limit")),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "| `{name}` | {} {} | {target} | {limit} | {} | {} | {} {} |",
            number("value"),
            text("unit"),
            number("ratio"),
            text("what"),
            text("date"),
            text("commit"),
        );
    }
    out
}

/// One run's line in the history.
pub fn history_line(results: &Results, run: &Run) -> String {
    let mut line = format!("| {} | {} |", run.date, run.commit);
    for name in KEPT {
        // A figure of an earlier run is not this run's.
        let value = results.get(*name).filter(|figure| figure["commit"] == run.commit.as_str());
        let value = value.and_then(|figure| figure["value"].as_f64()).map(number).unwrap_or_default();
        let _ = write!(line, " {value} |");
    }
    line
}

/// The page with the newest table, and with a line for the run if there is one.
///
/// A page without the marks gets them at its end.
pub fn update(page: &str, results: &Results, run: Option<&Run>) -> String {
    let mut page = page.to_owned();
    if !page.contains(BEGIN) || !page.contains(END) {
        let _ = write!(page, "\n{BEGIN}\n{END}\n");
    }
    if !page.contains(HISTORY) {
        let heads = KEPT.iter().map(|name| format!(" {name} |")).collect::<String>();
        let rule = "---|".repeat(KEPT.len() + 2);
        let _ = write!(page, "\n## History\n\n| date | commit |{heads}\n|{rule}\n{HISTORY}\n");
    }
    let (before, rest) = page.split_once(BEGIN).unwrap_or((&page, ""));
    let (_, after) = rest.split_once(END).unwrap_or(("", rest));
    let mut out = format!("{before}{BEGIN}\n\n{}\n{END}{after}", render(results));
    if let Some(run) = run {
        // Above the mark, below the older lines: a table in Markdown ends at the first line that is none of it.
        let line = history_line(results, run);
        out = out.replacen(HISTORY, &format!("{line}\n{HISTORY}"), 1);
    }
    out
}

fn number(value: f64) -> String {
    if value.abs() < 1000.0 {
        return format!("{value}");
    }
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Figure, merge};

    fn results(run: &Run) -> Results {
        let mut results = Results::new();
        let figures = [
            Figure::higher("delivered_per_s_w16", 21_234.0, "1/s", "50 pairs").against(40_000.0, "bare rows"),
            Figure::lower("cold_start_ms", 170.0, "ms", "starts"),
        ];
        merge(&mut results, &figures, run);
        results
    }

    fn run(commit: &str) -> Run {
        Run { date: "2026-11-24".to_owned(), commit: commit.to_owned(), machine: String::new() }
    }

    #[test]
    fn numbers_are_grouped() {
        for (value, text) in [(0.5, "0.5"), (999.0, "999"), (1000.0, "1,000"), (1_234_567.0, "1,234,567")] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_page_gets_marks_once_and_keeps_what_people_wrote() {
        let run = run("abc");
        let results = results(&run);
        let once = update("# Figures\n\nWords.\n", &results, Some(&run));
        assert!(once.starts_with("# Figures\n\nWords.\n"));
        assert!(
            once.contains(
                "| `delivered_per_s_w16` | 21,234 1/s | 20,000, met | 40,000 (bare rows) | 0.5309 |"
            )
        );
        assert!(once.contains("| 170 ms | 150, **missed** |  |"));
        let twice = update(&once, &results, Some(&run));
        assert_eq!(twice.matches(BEGIN).count(), 1);
        assert_eq!(twice.matches("| 2026-11-24 | abc | 21,234 |").count(), 2);
        assert_eq!(update(&twice, &results, None), twice);
    }

    #[test]
    fn the_history_shows_nothing_of_other_runs() {
        let line = history_line(&results(&run("old")), &run("new"));
        assert!(!line.contains("21,234"), "{line}");
    }
}
