//! Figures with what they are held against, and the file that keeps the newest of each.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    Higher,
    Lower,
}

/// One measured value.
#[derive(Clone, Debug)]
pub struct Figure {
    pub name: String,
    pub value: f64,
    pub unit: &'static str,
    pub better: Better,
    /// How it was measured, for people.
    pub what: String,
    /// What the machine could do at best, and how that was found.
    pub limit: Option<(f64, String)>,
}

/// What was promised: name and value. On PostgreSQL nothing is.
const TARGETS: &[(&str, f64)] = &[
    ("cold_start_ms", 150.0),
    ("delivered_per_s_w16", 20_000.0),
    ("flushes_per_msg_w16", 0.1),
    ("growth_ratio_1m_messages", 0.9),
    ("handshakes_per_s", 200.0),
    ("kib_per_idle_conn", 12.0),
    ("kib_written_per_msg_w16", 3.0),
    ("p50_ms_1pair_w1", 0.5),
    ("p99_ms_50pairs_w1", 10.0),
];

/// When and from what the figures are.
#[derive(Clone, Debug)]
pub struct Run {
    /// `2026-11-24`
    pub date: String,
    /// With a `+` when the working tree had changes.
    pub commit: String,
    pub machine: String,
}

impl Figure {
    pub fn higher(name: &str, value: f64, unit: &'static str, what: &str) -> Self {
        Self {
            name: name.to_owned(),
            value,
            unit,
            better: Better::Higher,
            what: what.to_owned(),
            limit: None,
        }
    }

    pub fn lower(name: &str, value: f64, unit: &'static str, what: &str) -> Self {
        Self { better: Better::Lower, ..Self::higher(name, value, unit, what) }
    }

    #[must_use]
    pub fn against(self, limit: f64, how: &str) -> Self {
        Self { limit: (limit > 0.0).then(|| (limit, how.to_owned())), ..self }
    }

    /// The same figure under a name that ends so: `_postgres`.
    #[must_use]
    pub fn suffixed(self, suffix: &str) -> Self {
        Self { name: format!("{}{suffix}", self.name), ..self }
    }

    pub fn target(&self) -> Option<f64> {
        TARGETS.iter().find(|(name, _)| *name == self.name).map(|(_, target)| *target)
    }

    /// How much of what the machine could do was reached: 1 is all of it.
    pub fn ratio(&self) -> Option<f64> {
        let (limit, _) = self.limit.as_ref()?;
        let ratio = if self.better == Better::Higher { self.value / limit } else { limit / self.value };
        ratio.is_finite().then(|| rounded(ratio))
    }

    fn to_json(&self, run: &Run) -> Value {
        let target = self.target();
        json!({
            "value": rounded(self.value),
            "unit": self.unit,
            "better": if self.better == Better::Higher { "higher" } else { "lower" },
            "target": target,
            "met": target.map(|target| match self.better {
                Better::Higher => self.value >= target,
                Better::Lower => self.value <= target,
            }),
            "limit": self.limit.as_ref().map(|(limit, _)| rounded(*limit)),
            "limit_is": self.limit.as_ref().map(|(_, how)| how),
            "ratio": self.ratio(),
            "what": self.what,
            "date": run.date,
            "commit": run.commit,
            "machine": run.machine,
        })
    }
}

/// To four digits: more were never measured.
pub fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    if value.abs() >= 1000.0 {
        return value.round();
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

/// Figures by name, as they stand in the file.
pub type Results = BTreeMap<String, Value>;

/// What the file has; nothing when there is none.
pub fn load(file: &Path) -> Result<Results, String> {
    match fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|why| format!("{}: {why}", file.display())),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(Results::new()),
        Err(why) => Err(format!("{}: {why}", file.display())),
    }
}

/// Puts new figures in the place of old ones of their names; the others stay.
pub fn merge(results: &mut Results, figures: &[Figure], run: &Run) {
    for figure in figures {
        results.insert(figure.name.clone(), figure.to_json(run));
    }
}

pub fn save(file: &Path, results: &Results) -> Result<(), String> {
    let map: Map<String, Value> = results.clone().into_iter().collect();
    let text = serde_json::to_string_pretty(&Value::Object(map)).map_err(|why| why.to_string())?;
    fs::write(file, text + "\n").map_err(|why| format!("{}: {why}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(commit: &str) -> Run {
        Run { date: "2026-11-24".to_owned(), commit: commit.to_owned(), machine: "test".to_owned() }
    }

    #[test]
    fn four_digits() {
        for (value, expected) in
            [(0.0, 0.0), (12_345.6, 12_346.0), (123.456, 123.5), (0.012_345_6, 0.012_35), (f64::NAN, 0.0)]
        {
            assert!((rounded(value) - expected).abs() < 1e-9, "{value}");
        }
    }

    #[test]
    fn ratios_are_shares_of_the_limit_whichever_way_is_better() {
        let figure = Figure::higher("a", 50.0, "1/s", "").against(200.0, "bare");
        assert_eq!(figure.ratio(), Some(0.25));
        let figure = Figure::lower("a", 8.0, "ms", "").against(2.0, "bare");
        assert_eq!(figure.ratio(), Some(0.25));
        assert_eq!(Figure::lower("a", 0.0, "ms", "").against(2.0, "bare").ratio(), None);
        assert_eq!(Figure::lower("a", 8.0, "ms", "").against(0.0, "none").ratio(), None);
    }

    #[test]
    fn new_figures_replace_those_of_their_names() {
        let mut results = Results::new();
        let first = [Figure::higher("cold_start_ms", 1.0, "ms", ""), Figure::higher("kept", 2.0, "x", "")];
        merge(&mut results, &first, &run("one"));
        merge(&mut results, &[Figure::lower("cold_start_ms", 160.0, "ms", "")], &run("two"));
        assert_eq!(results["cold_start_ms"]["value"], 160.0);
        assert_eq!(results["cold_start_ms"]["target"], 150.0);
        assert_eq!(results["cold_start_ms"]["met"], false);
        assert_eq!(results["cold_start_ms"]["commit"], "two");
        assert_eq!((&results["kept"]["commit"], &results["kept"]["target"]), (&json!("one"), &Value::Null));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("results.json");
        assert!(load(&file).unwrap().is_empty());
        save(&file, &results).unwrap();
        assert_eq!(load(&file).unwrap(), results);
        fs::write(&file, "no json").unwrap();
        assert!(load(&file).is_err());
    }

    #[test]
    fn targets_are_in_order_and_named_once() {
        assert!(TARGETS.is_sorted_by(|a, b| a.0 < b.0));
    }
}
