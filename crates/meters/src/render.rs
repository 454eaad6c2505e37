//! Prometheus' text format, version 0.0.4.

use std::fmt::{Display, Write as _};
use std::sync::atomic::Ordering;

use crate::methods::{Outcome, called};
use crate::{BOUNDS_MICROS, Counter, Gauge, Histogram, MethodMeter, UNKNOWN};

enum Meter {
    Counter(&'static Counter),
    Gauge(&'static Gauge),
    /// One label, and a gauge for each of its values.
    Gauges(&'static str, &'static [(&'static str, &'static Gauge)]),
    Seconds(&'static Histogram),
}

use Meter::{Counter as C, Gauge as G, Gauges, Seconds};

/// Every figure but those by method: name, what it says, where it is.
const TABLE: &[(&str, &str, Meter)] = &[
    ("chatters_store_commits_total", "Transactions that became durable.", C(&crate::COMMITS)),
    (
        "chatters_store_failed_commits_total",
        "Transactions that were lost; their writes failed.",
        C(&crate::COMMITS_FAILED),
    ),
    (
        "chatters_store_writes_total",
        "Writes in the durable transactions, refused ones among them.",
        C(&crate::COMMIT_WRITES),
    ),
    (
        "chatters_store_commit_seconds",
        "Transactions, from their first write until they are durable.",
        Seconds(&crate::COMMIT_SECONDS),
    ),
    ("chatters_store_writes_waiting", "Writes asked for and not answered yet.", G(&crate::WRITES_WAITING)),
    ("chatters_store_reads_waiting", "Reads asked for and not answered yet.", G(&crate::READS_WAITING)),
    (
        "chatters_store_database_up",
        "1 while the database does what is asked of it, else 0.",
        Gauges("side", &[("write", &crate::DATABASE_WRITES), ("read", &crate::DATABASE_READS)]),
    ),
    ("chatters_messages_total", "New messages in boxes: one between two people is two.", C(&crate::MESSAGES)),
    ("chatters_connections_accepted_total", "Connections let in.", C(&crate::CONNECTIONS_ACCEPTED)),
    (
        "chatters_connections_refused_total",
        "Connections closed at once: the server, or the share of an address, is full.",
        C(&crate::CONNECTIONS_REFUSED),
    ),
    ("chatters_connections", "Connections that are open.", G(&crate::CONNECTIONS)),
    (
        "chatters_transport_connections",
        "Connections that are open and have said what they speak.",
        Gauges(
            "kind",
            &[("stream", &crate::STREAMS), ("websocket", &crate::WEBSOCKETS), ("http", &crate::HTTP)],
        ),
    ),
    ("chatters_sessions", "Sessions kept, with a connection or waiting for one.", G(&crate::SESSIONS)),
    (
        "chatters_outgoing_bytes",
        "Bytes that sessions keep until they are sent and acknowledged.",
        G(&crate::OUTGOING_BYTES),
    ),
    ("chatters_events_waiting", "Events that are yet to be pushed.", G(&crate::EVENTS_WAITING)),
    ("chatters_handshakes_total", "Key exchanges that made a key.", C(&crate::HANDSHAKES)),
    ("chatters_failed_handshakes_total", "Steps of key exchanges refused.", C(&crate::HANDSHAKES_FAILED)),
    ("chatters_received_bytes_total", "Bytes from clients, TLS and frames included.", C(&crate::BYTES_IN)),
    ("chatters_sent_bytes_total", "Bytes to clients, TLS and frames included.", C(&crate::BYTES_OUT)),
    ("chatters_pushes_total", "Updates handed to sessions.", C(&crate::PUSHES)),
    (
        "chatters_dropped_pushes_total",
        "Updates that no session took; devices fetch them later.",
        C(&crate::PUSHES_DROPPED),
    ),
    (
        "chatters_slow_readers_total",
        "Connections closed because their client did not read.",
        C(&crate::SLOW_READERS),
    ),
    (
        "chatters_clock_ahead_seconds",
        "How far the server's time is ahead of the system's clock, which was set back.",
        G(&crate::CLOCK_AHEAD_SECONDS),
    ),
];

const REQUESTS: &str = "chatters_rpc_requests_total";
const LATENCY: &str = "chatters_rpc_seconds";

/// Appends all figures that are counted in this process.
pub fn render(out: &mut String) {
    for (name, help, meter) in TABLE {
        match meter {
            C(counter) => sample(out, name, help, "counter", counter.get()),
            G(gauge) => sample(out, name, help, "gauge", gauge.get()),
            Gauges(label, gauges) => {
                head(out, name, help, "gauge");
                for (value, gauge) in *gauges {
                    line(out, format_args!("{name}{{{label}=\"{value}\"}} {}", gauge.get()));
                }
            }
            Seconds(histogram) => {
                head(out, name, help, "histogram");
                buckets(out, name, "", histogram);
            }
        }
    }
    let called = called();
    let methods = || std::iter::once(&UNKNOWN).chain(called.iter().map(|method| &**method));
    head(out, REQUESTS, "Requests by method and how they ended.", "counter");
    methods().for_each(|method| requests(out, method));
    head(out, LATENCY, "Requests by method, from their bytes to their answer's.", "histogram");
    methods().for_each(|method| {
        buckets(out, LATENCY, &format!("method=\"{}\"", method.name), &method.latency);
    });
}

/// Appends one figure without labels, with its description. `kind` is `counter` or `gauge`.
pub fn sample(out: &mut String, name: &str, help: &str, kind: &str, value: impl Display) {
    head(out, name, help, kind);
    line(out, format_args!("{name} {value}"));
}

fn requests(out: &mut String, method: &MethodMeter) {
    for (outcome, counter) in Outcome::ALL.into_iter().zip(&method.outcomes) {
        let (name, outcome, count) = (method.name, outcome.name(), counter.get());
        line(out, format_args!("{REQUESTS}{{method=\"{name}\",outcome=\"{outcome}\"}} {count}"));
    }
}

/// `labels` without braces, or empty.
fn buckets(out: &mut String, name: &str, labels: &str, histogram: &Histogram) {
    let comma = if labels.is_empty() { "" } else { "," };
    let mut count = 0;
    for (at, bucket) in histogram.buckets.iter().enumerate() {
        count += bucket.load(Ordering::Relaxed);
        match BOUNDS_MICROS.get(at) {
            Some(bound) => {
                let bound = seconds(*bound);
                line(out, format_args!("{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {count}"));
            }
            None => line(out, format_args!("{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {count}")),
        }
    }
    let braced = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
    let sum = seconds(histogram.sum_micros.load(Ordering::Relaxed));
    line(out, format_args!("{name}_sum{braced} {sum}"));
    line(out, format_args!("{name}_count{braced} {count}"));
}

/// As the format wants durations; exact up to centuries.
#[expect(clippy::cast_precision_loss, reason = "53 bits of microseconds are 285 years")]
fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

fn head(out: &mut String, name: &str, help: &str, kind: &str) {
    line(out, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Stopwatch;

    #[test]
    fn buckets_are_cumulative_and_in_seconds() {
        let histogram = Histogram::new();
        for micros in [90, 200, 200, 9_000_000] {
            histogram.observe_micros(micros);
        }
        let mut out = String::new();
        buckets(&mut out, "it", "method=\"a\"", &histogram);
        let lines: Vec<_> = out.lines().collect();
        assert_eq!(lines[0], "it_bucket{method=\"a\",le=\"0.0001\"} 1");
        assert_eq!(lines[1], "it_bucket{method=\"a\",le=\"0.00025\"} 3");
        assert_eq!(lines[11], "it_bucket{method=\"a\",le=\"5\"} 3");
        assert_eq!(lines[12], "it_bucket{method=\"a\",le=\"+Inf\"} 4");
        assert_eq!(lines[13], "it_sum{method=\"a\"} 9.00049");
        assert_eq!(lines[14], "it_count{method=\"a\"} 4");
        out.clear();
        buckets(&mut out, "it", "", &Histogram::new());
        assert!(out.starts_with("it_bucket{le=\"0.0001\"} 0\n") && out.ends_with("it_sum 0\nit_count 0\n"));
    }

    #[test]
    fn every_line_is_of_the_format_and_every_name_stands_once() {
        crate::method("test.rendered").count(Outcome::Ok, Stopwatch::start());
        let mut out = String::new();
        render(&mut out);
        let mut named = BTreeSet::new();
        for line in out.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                assert!(named.insert(rest.split(' ').next()), "{line}");
            } else if !line.starts_with("# HELP ") {
                let (name, value) = line.rsplit_once(' ').unwrap();
                assert!(value.parse::<f64>().is_ok(), "{line}");
                assert_eq!(name.contains('{'), name.ends_with('}'), "{line}");
            }
        }
        assert_eq!(named.len(), TABLE.len() + 2);
        assert!(out.contains("chatters_rpc_requests_total{method=\"test.rendered\",outcome=\"ok\"} 1\n"));
        assert!(out.contains("chatters_transport_connections{kind=\"websocket\"} 0\n"));
    }
}
