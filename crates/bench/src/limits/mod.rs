//! What the machine can do at best, measured in the run that measures the server: nobody can be faster.

pub mod dh;
pub mod fdatasync;
pub mod ige;
pub mod loopback;
pub mod sha256;
pub mod sqlite;

use std::path::Path;

use crate::figures::Figure;
use crate::system::micros;

/// The limits that scenarios hold their figures against.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// AES-256-IGE on one core.
    pub ige_bytes_per_s: f64,
    /// SHA-256 on one core.
    pub sha_bytes_per_s: f64,
    /// Rows of 300 bytes in bare SQLite, 1,000 a transaction, each on the disk before the next.
    pub sqlite_rows_per_s: f64,
    /// Bytes written for each of them.
    pub sqlite_bytes_per_row: f64,
    /// Median of a transaction with one such row.
    pub sqlite_commit_ms: f64,
    /// There and back between two sockets of this machine, 100 connections at once.
    pub round_trips_per_s: f64,
    /// Median of one, alone.
    pub round_trip_ms: f64,
    /// The server's share of Diffie-Hellman, exchanges a second on one core.
    pub dh_per_s: f64,
}

/// A query, its answer and a push with 100 bytes of text, in packets as they are sealed.
const MESSAGE_BYTES: f64 = 1_050.0;

impl Limits {
    /// Measures all of them, and gives them as figures too.
    pub fn measure(scratch: &Path, quick: bool) -> Result<(Self, Vec<Figure>), String> {
        let millis = if quick { 200 } else { 1_500 };
        let ige = ige::bytes_per_s(millis);
        let sha = sha256::bytes_per_s(millis);
        let dh = dh::per_s(millis);
        let sync = fdatasync::per_s(scratch, millis)?;
        let sqlite = sqlite::measure(scratch, millis)?;
        let loopback = loopback::measure(millis)?;
        let limits = Self {
            ige_bytes_per_s: ige,
            sha_bytes_per_s: sha,
            sqlite_rows_per_s: sqlite.rows_per_s,
            sqlite_bytes_per_row: sqlite.bytes_per_row,
            sqlite_commit_ms: sqlite.commit_ms,
            round_trips_per_s: loopback.per_s,
            round_trip_ms: loopback.alone_ms,
            dh_per_s: dh,
        };
        let mib = 1024.0 * 1024.0;
        let figures = vec![
            Figure::higher(
                "limit_ige_mib_per_s",
                ige / mib,
                "MiB/s",
                "AES-256-IGE, blocks of 1 KiB, one core",
            ),
            Figure::higher(
                "limit_sha256_mib_per_s",
                sha / mib,
                "MiB/s",
                "SHA-256, blocks of 1 KiB, one core",
            ),
            Figure::higher("limit_dh_per_s", dh, "1/s", "a server's two powers of a key exchange, one core"),
            Figure::higher("limit_fdatasync_per_s", sync, "1/s", "4 KiB appended and brought to the disk"),
            Figure::higher(
                "limit_sqlite_rows_per_s",
                sqlite.rows_per_s,
                "1/s",
                "bare SQLite, WAL, synchronous=FULL: rows of 300 bytes, 1,000 a transaction",
            ),
            Figure::higher(
                "limit_sqlite_commits_per_s",
                sqlite.commits_per_s,
                "1/s",
                "the same, one row a transaction",
            ),
            Figure::lower(
                "limit_sqlite_kib_per_row",
                sqlite.bytes_per_row / 1024.0,
                "KiB",
                "written, in groups of 1,000",
            ),
            Figure::higher(
                "limit_round_trips_per_s",
                loopback.per_s,
                "1/s",
                "300 bytes there and back over 100 connections",
            ),
            Figure::lower("limit_round_trip_ms", loopback.alone_ms, "ms", "p50 of one connection alone"),
        ];
        Ok((limits, figures))
    }

    /// Two rows for each message, one a side.
    pub fn messages_per_s(&self) -> f64 {
        self.sqlite_rows_per_s / 2.0
    }

    /// One message alone: to the server, onto the disk, to the receiver.
    pub fn message_ms(&self) -> f64 {
        self.sqlite_commit_ms + self.round_trip_ms
    }

    /// Sealing and opening what one message takes.
    pub fn message_cipher_us(&self) -> f64 {
        self.cipher_us(MESSAGE_BYTES)
    }

    /// Sealing so many bytes once.
    pub fn cipher_us(&self, bytes: f64) -> f64 {
        1e6 * (bytes / self.ige_bytes_per_s + bytes / self.sha_bytes_per_s)
    }
}

/// Does something for so long; how often it did a second.
pub(crate) fn rate(millis: i64, mut once: impl FnMut()) -> f64 {
    let (begin, mut count) = (micros(), 0_u64);
    loop {
        for _ in 0..8 {
            once();
        }
        count += 8;
        let spent = micros() - begin;
        if spent >= millis * 1000 {
            return count as f64 * 1e6 / spent as f64;
        }
    }
}
