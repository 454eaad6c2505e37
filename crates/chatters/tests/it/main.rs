//! The program as it is installed, in a process of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod backup;
mod canary;
mod dump;
mod flood;
mod metrics;
