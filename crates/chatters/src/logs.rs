//! Log lines go to standard error; standard output is for what was asked for.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

/// `filter` as in `info,gateway=debug`.
pub(crate) fn init(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("log filter: {error}"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .try_init()
        .map_err(|error| format!("log: {error}"))
}
